// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// An event that a verdict rests on.
public struct Witness: Hashable, Codable, Sendable {
    /// Record offset and index of the event in it.
    public var offset: Offset
    /// Index among the events of the record.
    public var ordinal: UInt16
    /// Corrected event time.
    public var time: UTCTime
    /// Half width of the uncertainty band, nanoseconds.
    public var uncertainty: Int64
    /// The log it belongs to.
    public var eventClass: EventClass
    /// `StableHash` of the record's bytes: order among equal times.
    public var contentHash: UInt64
    /// Assets that took part (subject, source or target), sorted.
    public var assets: [String]
    /// Offsets of stored copies of the same event, which count once.
    public var copies: [Offset]
    /// SHA-256 of the record's kept bytes, 32 bytes; empty if it was not made.
    public var digest: [UInt8]

    /// Makes a witness.
    public init(
        offset: Offset,
        ordinal: UInt16,
        time: UTCTime,
        uncertainty: Int64,
        eventClass: EventClass,
        contentHash: UInt64,
        assets: [String],
        copies: [Offset] = [],
        digest: [UInt8] = []
    ) {
        self.offset = offset
        self.ordinal = ordinal
        self.time = time
        self.uncertainty = uncertainty
        self.eventClass = eventClass
        self.contentHash = contentHash
        self.assets = assets
        self.copies = copies
        self.digest = digest
    }
}

/// One episode of one rule for one group key, with its evidence.
public struct Alert: Hashable, Codable, Sendable {
    /// What a rule's author and licence ask to be carried into every alert (Detection Rule License 1.1).
    public struct Attribution: Hashable, Codable, Sendable {
        /// Authors as written in the rule.
        public var author: String
        /// SPDX identifier.
        public var license: String
        /// References as written in the rule.
        public var references: [String]

        /// Makes an attribution.
        public init(author: String, license: String, references: [String]) {
            self.author = author
            self.license = license
            self.references = references
        }
    }

    /// Content identity: hash of compiled rule, group key, and time and bytes of the earliest witness.
    public var id: String
    /// Number of the episode in this run of the correlator: what an amended alert replaces.
    ///
    /// No part of identity.
    public var episode = 0
    /// Rule id as written in the rule file, or its name where it has no id.
    public var rule: String
    /// Rule title.
    public var title: String
    /// Level after the rule's own adjustments.
    public var level: Level
    /// Whether this is for people to look at, never an incident.
    public var isReview: Bool
    /// Whether the watermark has not passed its last deadline yet.
    public var isProvisional: Bool
    /// Whether state was capped, so that counts are lower bounds.
    public var isLowerBound: Bool
    /// How sure the order of the evidence is; nil where the rule asks for none.
    public var order: EventOrder?
    /// Why it is not known that something did not come; empty where it is known, or nothing was asked.
    ///
    /// Such a verdict opens no incident alone (DESIGN 3.5).
    public var coverageGap = ""
    /// Group key: field name and value pairs, sorted by name.
    public var key: [String]
    /// Earliest witness time.
    public var first: UTCTime
    /// Latest witness time.
    public var last: UTCTime
    /// Number of events or values in the episode.
    public var count: Int
    /// Offset of the newest record that made the verdict true.
    public var cause: Offset
    /// Assets that the alert is about.
    public var assets: [String]
    /// Users that the alert is about.
    public var users: [String]
    /// Addresses that the alert is about and that are no asset of ours.
    public var addresses: [String]
    /// Artefacts (service, binary, signature or hash) that the alert is about.
    public var artefacts: [String]
    /// Session or change identifiers that join.
    public var sessions: [String]
    /// Join window in nanoseconds; longer than four hours only where the rule says so.
    public var joinWindow: Int64
    /// ATT&CK technique and tactic tags as written.
    public var tags: [String]
    /// What was looked for and not there, such as a change record; sorted.
    public var absences: [String]
    /// Witnesses in time order.
    public var evidence: [Witness]
    /// Author, licence, references.
    public var attribution: Attribution
    /// The close that keeps it from opening an incident; set where incidents are drawn, never by a rule.
    public var suppression: Suppression?

    /// A benign close of an incident that makes an alert silent.
    public struct Suppression: Hashable, Codable, Sendable {
        /// The incident that was closed.
        public var incident: String
        /// Offset of the act's record.
        public var act: Offset

        /// Names a close.
        public init(incident: String, act: Offset) {
            self.incident = incident
            self.act = act
        }
    }

    /// What was looked for and not there, and why it may have been there all the same; sorted.
    public var statedAbsences: [String] {
        coverageGap.isEmpty
            ? absences : (absences + ["whether it did not come is unknown: " + coverageGap]).sorted()
    }

    /// Classes of the evidence, in the order access, network, update.
    public var classes: [EventClass] {
        EventClass.allCases.filter { found in
            found != .unclassified && evidence.contains { $0.eventClass == found }
        }
    }

    /// Makes an alert.
    public init(
        id: String,
        rule: String,
        title: String,
        level: Level,
        isReview: Bool = false,
        isProvisional: Bool = false,
        isLowerBound: Bool = false,
        key: [String],
        first: UTCTime,
        last: UTCTime,
        count: Int,
        cause: Offset,
        assets: [String],
        users: [String],
        addresses: [String],
        artefacts: [String] = [],
        sessions: [String] = [],
        joinWindow: Int64,
        tags: [String] = [],
        absences: [String] = [],
        evidence: [Witness],
        attribution: Attribution
    ) {
        self.id = id
        self.rule = rule
        self.title = title
        self.level = level
        self.isReview = isReview
        self.isProvisional = isProvisional
        self.isLowerBound = isLowerBound
        self.key = key
        self.first = first
        self.last = last
        self.count = count
        self.cause = cause
        self.assets = assets
        self.users = users
        self.addresses = addresses
        self.artefacts = artefacts
        self.sessions = sessions
        self.joinWindow = joinWindow
        self.tags = tags
        self.absences = absences
        self.evidence = evidence
        self.attribution = attribution
    }
}
