// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel

/// What an alert must share with those of a benign close to be a repeat of them.
///
/// The rule always; every part that is named must hold.
public enum SuppressionScope: String, Hashable, Codable, Sendable, CaseIterable {
    /// The group key, and no device that the alert of that key did not have.
    case key
    /// No device beyond those of the alerts of that rule, and at least one.
    case device
    /// No user beyond those of the alerts of that rule, and at least one.
    case user
    /// No address beyond those of the alerts of that rule, and at least one.
    case address
    /// Nothing further: the rule is silent for everyone.
    case rule
}

/// An alert as an act names it: by rule, key and time, which stay while later evidence changes its id.
public struct AlertMark: Hashable, Codable, Sendable {
    /// Rule id.
    public var rule: String
    /// Group key.
    public var key: [String]
    /// First witness.
    public var first: UTCTime
    /// Last witness.
    public var last: UTCTime
    /// Assets, sorted.
    public var devices: [String]
    /// Users, sorted.
    public var users: [String]
    /// Addresses, sorted.
    public var addresses: [String]

    /// Marks `alert` as it is.
    public init(_ alert: Alert) {
        rule = alert.rule
        key = alert.key
        first = alert.first
        last = alert.last
        devices = alert.assets
        users = alert.users
        addresses = alert.addresses
    }

    /// Marks of `alerts`, one for each rule and key, in the order of first witness.
    public static func marks(of alerts: [Alert]) -> [AlertMark] {
        var places: [AlertName: Int] = [:]
        var marks: [AlertMark] = []
        for alert in alerts {
            let name = AlertName(rule: alert.rule, key: alert.key)
            guard let place = places[name] else {
                places[name] = marks.count
                marks.append(AlertMark(alert))
                continue
            }
            marks[place].first = min(marks[place].first, alert.first)
            marks[place].last = max(marks[place].last, alert.last)
            marks[place].devices = Set(marks[place].devices + alert.assets).sorted()
            marks[place].users = Set(marks[place].users + alert.users).sorted()
            marks[place].addresses = Set(marks[place].addresses + alert.addresses).sorted()
        }
        return marks
    }

    /// Whether `alert` is the marked one: an episode of the same rule and key at the same time.
    public func isOf(_ alert: Alert) -> Bool {
        rule == alert.rule && key == alert.key && alert.first <= last && first <= alert.last
    }
}

/// Rule and key of an alert.
struct AlertName: Hashable, Codable, Sendable {
    var rule: String
    var key: [String]
}

/// What an operator decided about incidents: a control record that judgement folds (decision 0042).
public struct IncidentAct: Hashable, Codable, Sendable {
    /// What was decided.
    public enum Kind: String, Hashable, Codable, Sendable, CaseIterable {
        /// The incident is dealt with; with ``IncidentAct/suppression`` its repeats are silent.
        case close
        /// Two incidents are one, whatever they share.
        case merge
        /// Some alerts of an incident are one of their own; what comes later is not of it.
        case split
        /// Somebody looks into the incident.
        case acknowledge
        /// Somebody is to look into it.
        case assign
        /// Something is noted about it.
        case note
        /// Bytes of records with patient data were shown; decides nothing.
        case reveal
        /// A legal hold was placed or ended; decides nothing about incidents.
        case hold
        /// Earlier acts do not hold any more.
        case undo

        /// Whether it says how an incident is handled, and decides nothing about its alerts.
        public var isRemark: Bool { [.acknowledge, .assign, .note].contains(self) }
    }

    /// What the file of holds was when a hold was placed or ended: notes are only ever appended to it.
    public struct HoldsMark: Hashable, Codable, Sendable {
        /// Its length in bytes.
        public var size: Int
        /// SHA-256 of those bytes, in hexadecimal.
        public var sha256: String

        /// Makes a mark.
        public init(size: Int, sha256: String) {
            self.size = size
            self.sha256 = sha256
        }
    }

    /// For how long, and for what, repeats open no incident.
    public struct Suppression: Hashable, Codable, Sendable {
        /// What a repeat shares; at least one part.
        public var scope: [SuppressionScope]
        /// Event time from which on an alert is a repeat: the first event of the incident.
        public var from: UTCTime
        /// Event time of the last repeat that is silent.
        public var until: UTCTime

        /// Makes a suppression.
        public init(scope: [SuppressionScope], from: UTCTime, until: UTCTime) {
            self.scope = scope
            self.from = from
            self.until = until
        }
    }

    /// Most marks of one act: some 300 bytes each, well below what a record of it may have.
    public static let markCountMax = 1_024
    /// Longest reason, in bytes of UTF-8: a note, not a report.
    public static let reasonSizeMaxBytes = 1_024
    /// Longest name of an assignee, in bytes of UTF-8.
    public static let assigneeSizeMaxBytes = 128

    /// Offset of its record; zero before it is stored.
    public var offset = Offset.zero
    /// What was decided.
    public var kind: Kind
    /// The incident that was looked at; empty where bytes were shown or held.
    public var incident: String
    /// Who decided, as the machine knows them.
    public var actor: String
    /// When, by the clock of the machine; decides nothing.
    public var time: UTCTime
    /// Why; of a note what is noted. May be empty where it says who handles an incident.
    public var reason: String
    /// Who is to handle the incident; empty for other acts than an assignment.
    public var assignee = ""
    /// What was asked for when bytes were shown, and which hold was placed (`add NAME`) or ended
    /// (`remove NAME`);
    /// empty for other acts.
    public var query = ""
    /// What the file of holds is then; nil for other acts.
    public var holds: HoldsMark?
    /// The alerts that were seen; of a split those that go.
    public var marks: [AlertMark] = []
    /// The other incident of a merge; empty for other acts.
    public var other = ""
    /// The alerts of the other incident of a merge.
    public var otherMarks: [AlertMark] = []
    /// What a benign close makes silent; nil for other acts.
    public var suppression: Suppression?
    /// Offsets of the acts that are taken back.
    public var undone: [Offset] = []

    /// Makes an act.
    public init(kind: Kind, incident: String, actor: String, time: UTCTime, reason: String) {
        self.kind = kind
        self.incident = incident
        self.actor = actor
        self.time = time
        self.reason = reason
    }

    /// Who, where it is recorded, and why.
    public var words: String { "\(actor), act \(offset): \(reason)" }

    /// Whether `alert` is a repeat that stays silent.
    func silences(_ alert: Alert) -> Bool {
        guard let suppression, alert.first >= suppression.from, alert.last <= suppression.until else {
            return false
        }
        let same = marks.filter { $0.rule == alert.rule }
        guard !same.isEmpty else { return false }
        func holds(_ found: [String], _ known: (AlertMark) -> [String]) -> Bool {
            let all = Set(same.flatMap(known))
            return !found.isEmpty && found.allSatisfy(all.contains)
        }
        return suppression.scope.allSatisfy { part in
            switch part {
            case .rule: true
            case .key: same.contains { $0.key == alert.key && Set(alert.assets).isSubset(of: $0.devices) }
            case .device: holds(alert.assets, \.devices)
            case .user: holds(alert.users, \.users)
            case .address: holds(alert.addresses, \.addresses)
            }
        }
    }

    /// Whether this close covers `alert`: it was seen as it is, or what came since is a repeat.
    func closes(_ alert: Alert) -> Bool {
        kind == .close
            && marks.contains { $0.isOf(alert) && (alert.last <= $0.last || silences(alert)) }
    }
}
