// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Which of the three logs an event belongs to.
///
/// Raw values are stored.
public enum EventClass: UInt8, Codable, Sendable, CaseIterable {
    /// No decoder understood the record.
    case unclassified = 0
    /// Who used or tried to use a device or an account.
    case access = 1
    /// What went over the network, and who is attached where.
    case network = 2
    /// What software, firmware or configuration changed, started or stopped.
    case update = 3

    /// The name used in files and output.
    public var name: String {
        switch self {
        case .unclassified: "unclassified"
        case .access: "access"
        case .network: "network"
        case .update: "update"
        }
    }

    /// The class with that name.
    public init?(name: String) {
        guard let found = EventClass.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

/// How an attempt ended.
///
/// Raw values are stored.
public enum Outcome: UInt8, Sendable, CaseIterable {
    /// Not said.
    case unknown = 0
    /// It worked, or was allowed.
    case success = 1
    /// It failed, or was refused.
    case failure = 2

    /// The name used in files and output.
    public var name: String {
        switch self {
        case .unknown: "unknown"
        case .success: "success"
        case .failure: "failure"
        }
    }

    /// The outcome with that name.
    public init?(name: String) {
        guard let found = Outcome.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

/// What happened: a closed vocabulary, so that rules gate on an integer.
///
/// Raw values are stored and never reused.
///
/// Decoders name an action by ``name``; an unknown name is refused when the decoder file is loaded.
public enum Action: UInt8, Sendable, CaseIterable {
    case other = 0
    // Access.
    case login = 1
    case logout = 2
    case authenticate = 3
    case sessionStart = 4
    case sessionStop = 5
    case remoteServiceStart = 6
    case remoteServiceStop = 7
    case localServiceStart = 8
    case localServiceStop = 9
    case breakglassStart = 10
    case breakglassStop = 11
    case privilegeUse = 12
    case accountCreate = 13
    case accountChange = 14
    case accountDelete = 15
    case roleChange = 16
    case passwordChange = 17
    case dataRead = 18
    case dataCreate = 19
    case dataModify = 20
    case dataDelete = 21
    case dataQuery = 22
    case auditStop = 23
    case auditStart = 24
    case auditClear = 25
    case auditRead = 26
    case badge = 27
    case dispense = 28
    case malwareDetect = 29
    case mailDeliver = 30
    case dataUnreadable = 31
    case mediaMount = 32
    case command = 33
    case request = 34
    case restrictedUse = 35
    case securityAlert = 36
    case patientAdmit = 37
    case lockout = 38
    // Network.
    case connect = 64
    case close = 65
    case deny = 66
    case intrusionAlert = 67
    case lease = 68
    case release = 69
    case attach = 70
    case detach = 71
    case nameQuery = 72
    case dataTransfer = 73
    case dataImport = 74
    case dataExport = 75
    case associationFailure = 76
    case networkConfigChange = 77
    case nodeAuthenticate = 78
    case flow = 79
    case heartbeat = 80
    case heartbeatLost = 81
    case linkChange = 82
    case translate = 83
    // Update.
    case install = 128
    case update = 129
    case remove = 130
    case configChange = 131
    case securityConfigChange = 132
    case hardwareConfigChange = 133
    case softwareConfigChange = 134
    case applicationStart = 135
    case applicationStop = 136
    case restart = 137
    case serviceInstall = 138
    case versionReport = 139
    case mismatch = 140
    case backupDelete = 141
    case download = 142
    case reject = 143
    case processStart = 144
    case vulnerability = 145
    case statusReport = 146

    /// The name used in files and output: the case name in snake case.
    public var name: String { Action.names[self] ?? "other" }

    /// The action with that name.
    public init?(name: String) {
        guard let found = Action.byName[name] else { return nil }
        self = found
    }

    /// The class an action belongs to when a decoder names none.
    public var defaultClass: EventClass {
        switch rawValue {
        case 1..<64: .access
        case 64..<128: .network
        case 128...: .update
        default: .unclassified
        }
    }

    private static let names: [Action: String] = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0, snakeCase("\($0)")) }
    )

    private static let byName: [String: Action] = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.name, $0) }
    )

    private static func snakeCase(_ text: String) -> String {
        text.map { $0.isUppercase ? "_" + $0.lowercased() : String($0) }.joined()
    }
}

/// What was odd about a record; never a reason to drop it.
///
/// Bits are stored and never reused.
public struct ParseIssues: OptionSet, Hashable, Sendable {
    /// The stored bits.
    public var rawValue: UInt64

    /// Wraps stored bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Bit number and published code of every issue, in bit order.
    public static let codes: [String] = [
        "bad_pri", "missing_pri", "bad_version", "bad_timestamp", "missing_timestamp", "time_zone_assumed",
        "year_assumed", "leap_second", "bad_structured_data", "duplicate_sd_id", "overlong_field", "bad_utf8",
        "missing_host", "nonconformant_header", "truncated", "partial_frame", "framing_error",
        "control_characters",
        "bad_json", "duplicate_key", "json_too_deep", "lone_surrogate", "number_as_text", "not_an_object",
        "bad_xml",
        "xml_doctype_refused", "unknown_code", "decode_truncated", "undecoded", "ambiguous_time",
        "clock_unsynchronised",
        "clock_corrected", "bad_field", "unknown_zone_name", "empty_message", "fragment", "late",
        "implausible_time",
    ]

    /// The issue with that published code; nil for an unknown one.
    public static func code(_ code: String) -> ParseIssues? {
        codes.firstIndex(of: code).map { ParseIssues(rawValue: 1 << UInt64($0)) }
    }

    /// Published codes of the bits that are set, in bit order.
    public var names: [String] {
        ParseIssues.codes.indices.filter { rawValue & 1 << UInt64($0) != 0 }.map { ParseIssues.codes[$0] }
    }

    /// The priority is malformed or above 191.
    public static let badPriority = bit(0)
    /// There is no priority.
    public static let missingPriority = bit(1)
    /// The version is none that RFC 5424 knows.
    public static let badVersion = bit(2)
    /// A timestamp is there but cannot be read.
    public static let badTimestamp = bit(3)
    /// There is no timestamp.
    public static let missingTimestamp = bit(4)
    /// The stamp names no zone; the zone of the source, else UTC, was taken.
    public static let timeZoneAssumed = bit(5)
    /// The stamp has no year; the one nearest to log or reference time was taken.
    public static let yearAssumed = bit(6)
    /// What a stamp leaves to be assumed.
    public static let assumedTime: ParseIssues = [.timeZoneAssumed, .yearAssumed]
    /// The second is 60 and was read as 59.
    public static let leapSecond = bit(7)
    /// The structured data is malformed.
    public static let badStructuredData = bit(8)
    /// Two elements of structured data have one name.
    public static let duplicateStructuredDataID = bit(9)
    /// A header field is longer than its standard allows.
    public static let overlongField = bit(10)
    /// Bytes that are not UTF-8.
    public static let badUTF8 = bit(11)
    /// There is no host name.
    public static let missingHost = bit(12)
    /// The header follows no standard.
    public static let nonconformantHeader = bit(13)
    /// The record was cut at the cap of its listener.
    public static let truncated = bit(14)
    /// The connection ended inside the frame.
    public static let partialFrame = bit(15)
    /// The frame did not end where its count said.
    public static let framingError = bit(16)
    /// Control characters in the text.
    public static let controlCharacters = bit(17)
    /// The body begins as JSON and is not valid.
    public static let badJSON = bit(18)
    /// An object has two members of one name: both are kept, the last counts.
    public static let duplicateKey = bit(19)
    /// Objects and arrays nest deeper than the bound.
    public static let jsonTooDeep = bit(20)
    /// Half of a surrogate pair.
    public static let loneSurrogate = bit(21)
    /// A number that does not fit was kept as text.
    public static let numberAsText = bit(22)
    /// The JSON value is no object.
    public static let notAnObject = bit(23)
    /// The body begins as XML and is not well formed.
    public static let badXML = bit(24)
    /// A document type declaration, which is never read.
    public static let xmlDoctypeRefused = bit(25)
    /// A code that no table lists.
    public static let unknownCode = bit(26)
    /// The event has more fields or bytes than the bound.
    public static let decodeTruncated = bit(27)
    /// No decoder understood the record.
    public static let undecoded = bit(28)
    /// The local time occurs twice at the change of the clocks.
    public static let ambiguousTime = bit(29)
    /// The device says that its clock is not synchronised.
    public static let clockUnsynchronised = bit(30)
    /// The event time was moved by the measured skew of the source.
    public static let clockCorrected = bit(31)
    /// A field does not have the form that its name asks for.
    public static let badField = bit(32)
    /// A time zone abbreviation that no table lists.
    public static let unknownZoneName = bit(33)
    /// There is nothing after the header.
    public static let emptyMessage = bit(34)
    /// Part of a message that came in several records.
    public static let fragment = bit(35)
    /// It came after the watermark had passed its time.
    public static let late = bit(36)
    /// The device time is too far from the time of receipt to be believed.
    public static let implausibleTime = bit(37)

    private static func bit(_ number: UInt64) -> ParseIssues { ParseIssues(rawValue: 1 << number) }
}
