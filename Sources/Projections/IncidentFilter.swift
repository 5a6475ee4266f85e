// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel
public import Timelines

/// Which incidents to list.
///
/// Every condition that is set must hold.
public struct IncidentFilter: Hashable, Sendable {
    /// Incidents whose last entry is at or after this time.
    public var since: UTCTime?
    /// Incidents whose first entry is before this time.
    public var until: UTCTime?
    /// Incidents of this severity or higher.
    public var severity: Level?
    /// Incidents in one of these states; empty means all.
    public var states: [IncidentState]
    /// Incidents with this asset id, compared without regard to ASCII case.
    public var device: String?
    /// Incidents with this user, compared without regard to ASCII case.
    public var user: String?
    /// Incidents that this person is to handle, compared without regard to ASCII case.
    public var assignee: String?
    /// Incidents whose id, or the id of one merged into them, begins so.
    public var idPrefix: String?
    /// Only the newest so many; nil means all.
    public var limit: Int?
    /// Whether alerts and timelines are read too; without them answers are quick and those lists empty.
    public var hasDetail: Bool

    /// Makes a filter; without arguments it takes every incident, with detail.
    public init(
        since: UTCTime? = nil,
        until: UTCTime? = nil,
        severity: Level? = nil,
        states: [IncidentState] = [],
        device: String? = nil,
        user: String? = nil,
        assignee: String? = nil,
        idPrefix: String? = nil,
        limit: Int? = nil,
        hasDetail: Bool = true
    ) {
        self.since = since
        self.until = until
        self.severity = severity
        self.states = states
        self.device = device
        self.user = user
        self.assignee = assignee
        self.idPrefix = idPrefix
        self.limit = limit
        self.hasDetail = hasDetail
    }
}
