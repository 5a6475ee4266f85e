// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import Timelines

/// What one stretch of the log changes in the read models.
///
/// Applied in one transaction with its checkpoint.
///
/// Counters (`sources`, `devices`, `totals`) are sums over the stretch and are added; every other member
/// holds whole rows that replace what is stored under the same key. So the rows do not depend on where the
/// log was cut.
public struct ProjectionUpdate: Hashable, Sendable {
    /// The checkpoint that the stretch starts from.
    public var base: ProjectionCheckpoint
    /// The checkpoint after it; equal to `base` when verdicts changed without new records.
    public var through: ProjectionCheckpoint
    /// Incidents that are new or changed, whole.
    public var incidents: [Incident]
    /// Ids of incidents that are no more: merged into another, split or retracted.
    public var removedIncidents: [String]
    /// Reviews that are new or changed, whole.
    public var reviews: [Alert]
    /// Ids of reviews that were retracted or replaced.
    public var removedReviews: [String]
    /// What each source sent in the stretch.
    public var sources: [SourceCounters]
    /// The whole inventory, if an inventory came into force in the stretch.
    public var inventory: [DeviceDefinition]?
    /// What was seen of each device in the stretch.
    public var devices: [DeviceCounters]
    /// Imports that began or ended.
    public var imports: [ImportRow]
    /// Losses reported in the stretch.
    public var losses: [LossRow]
    /// Sums over the stretch.
    public var totals: ProjectionTotals

    /// An update that changes nothing but the checkpoint.
    public init(base: ProjectionCheckpoint, through: ProjectionCheckpoint) {
        self.base = base
        self.through = through
        incidents = []
        removedIncidents = []
        reviews = []
        removedReviews = []
        sources = []
        inventory = nil
        devices = []
        imports = []
        losses = []
        totals = ProjectionTotals()
    }

    /// Whether applying it would move the checkpoint at most.
    public var isEmpty: Bool {
        var blank = ProjectionUpdate(base: base, through: through)
        blank.totals = ProjectionTotals()
        return self == blank
    }
}
