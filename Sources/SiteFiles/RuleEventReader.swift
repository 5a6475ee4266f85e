// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel
import WireFormats

/// JSON objects of any make, one a line, as events for ``RuleMatcher``: each value under the name that its
/// source gives it.
///
/// Members of objects are named with dots, the elements of an array are several values of one field, and
/// blanks are taken out of names (Sigma 2.1, field usage, rule 2). Numbers keep their digits.
public struct RuleEventReader: Sendable {
    /// Fields in which the time is looked for, in this order, unless one is named.
    public static let timeFields = [
        "@timestamp", "timestamp", "time", "ts", "_time", "event.time", "eventTime", "EventTime",
        "TimeCreated", "TimeCreated_SystemTime", "UtcTime", "datetime",
    ]

    /// Most values of one event: 65,535, as many as an event has room for.
    ///
    /// A line with more is refused.
    public static let valueCountMax = 65_535

    /// Events of one batch at most: few enough that a reader sees matches soon.
    public static let batchCountMax = 512

    /// Events read since they were taken last.
    public private(set) var batch = EventBatch()
    /// Fields that held a number or a truth value, by the name that the event gives them.
    public private(set) var numericFields: Set<String> = []

    private var table = FieldTable()
    private let timeFields: [String]
    private let isTimeNamed: Bool

    /// A reader that looks for the time in `timeField`, else in ``timeFields``.
    public init(timeField: String? = nil) {
        isTimeNamed = timeField != nil
        timeFields = timeField.map { [$0.filter { $0 != " " }] } ?? RuleEventReader.timeFields
    }

    /// Why a line is no event: what is wrong with it, in words.
    public struct Refusal: Error, Hashable, Sendable {
        /// What is wrong.
        public var reason: String
    }

    /// Whether the batch should be taken before the next line is read.
    public var isFull: Bool {
        batch.events.count >= RuleEventReader.batchCountMax || batch.bytes.count >= 8 * 1_048_576
            || table.names.count > FieldTable.nameCountMax / 2
    }

    /// Takes the batch and starts another one.
    public mutating func take() -> EventBatch {
        batch.extensionNames = table.names
        defer {
            batch = EventBatch()
            table = FieldTable()
        }
        return batch
    }

    /// Reads one line as the event with this offset.
    ///
    /// An event without a time, or with one that cannot be read in a field that was not named, has the time
    /// ``UTCTime/absent``.
    ///
    /// - Throws: ``Refusal``; the batch has what it had before.
    public mutating func read(_ line: Span<UInt8>, offset: UInt64) throws(Refusal) {
        let value: JSONValue
        do throws(JSONParsingError) {
            value = try JSONValue(parsing: line)
        } catch {
            throw Refusal(reason: RuleEventReader.words(error))
        }
        try add(value, offset: offset)
    }

    /// Adds an object as the event with this offset.
    ///
    /// - Throws: ``Refusal`` for what is no object, has too many values, or has no time where it was said to
    ///   have one.
    public mutating func add(_ value: JSONValue, offset: UInt64) throws(Refusal) {
        guard case .object(let members) = value else { throw Refusal(reason: "the line is no JSON object") }
        var values: [(name: String, value: JSONValue)] = []
        for member in members { RuleEventReader.flatten(member.name, member.value, into: &values) }
        guard values.count <= RuleEventReader.valueCountMax,
            Set(values.map(\.name)).count < FieldTable.nameCountMax / 2
        else { throw Refusal(reason: "the event has too many fields") }
        let time = try time(of: values)
        batch.begin(Event(offset: Offset(offset), time: time, logTime: time))
        for (name, value) in values {
            switch value {
            case .text(let text): batch.add(table.field(named: RuleMatcher.field(name)), text)
            case .integer(let number):
                note(number: name)
                batch.add(table.field(named: RuleMatcher.field(name)), String(number))
            case .bool(let flag):
                note(number: name)
                batch.add(table.field(named: RuleMatcher.field(name)), flag ? "true" : "false")
            case .null, .array, .object:
                batch.add(table.field(named: RuleMatcher.presence(of: name)), "")
            }
        }
    }

    private mutating func note(number name: String) {
        guard numericFields.count < FieldTable.nameCountMax else { return }
        numericFields.insert(name)
    }

    /// Scalars by dotted name; what has no scalar of its own is named too.
    private static func flatten(
        _ name: String,
        _ value: JSONValue,
        into values: inout [(name: String, value: JSONValue)]
    ) {
        let name = name.contains(" ") ? name.filter { $0 != " " } : name
        switch value {
        case .object(let members):
            values.append((name, .null))
            for member in members { flatten(name + "." + member.name, member.value, into: &values) }
        case .array(let elements):
            if elements.isEmpty { values.append((name, .null)) }
            for element in elements { flatten(name, element, into: &values) }
        default: values.append((name, value))
        }
    }

    private func time(of values: [(name: String, value: JSONValue)]) throws(Refusal) -> UTCTime {
        for name in timeFields {
            guard let found = values.first(where: { $0.name == name && $0.value != .null }) else { continue }
            if let time = RuleEventReader.time(found.value) { return time }
            guard !isTimeNamed else {
                throw Refusal(
                    reason: "`\(name)` is no time; write RFC 3339, or a number of seconds, milliseconds, "
                        + "microseconds or nanoseconds since 1970"
                )
            }
        }
        return .absent
    }

    /// RFC 3339, where a missing offset means UTC, or a number since 1970 whose size tells its unit.
    static func time(_ value: JSONValue) -> UTCTime? {
        switch value {
        case .integer(let number): return time(number: String(number))
        case .text(let text):
            if let time = UTCTime(rfc3339: text) ?? UTCTime(rfc3339: text + "Z") { return time }
            return time(number: text)
        default: return nil
        }
    }

    /// Below 10^11 seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds.
    private static func time(number text: String) -> UTCTime? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var scale: Int64 = UTCTime.second
        guard let whole = Int64(parts[0]) else {
            guard let number = Double(text), abs(number) < 1e11 else { return nil }
            return inRange(UTCTime(nanoseconds: Int64((number * 1e9).rounded())))
        }
        switch whole.magnitude {
        case 0..<100_000_000_000: break
        case 0..<100_000_000_000_000: scale = 1_000_000
        case 0..<100_000_000_000_000_000: scale = 1_000
        default: scale = 1
        }
        let (nanoseconds, isTooFar) = whole.multipliedReportingOverflow(by: scale)
        guard !isTooFar else { return nil }
        var fraction: Int64 = 0
        if parts.count > 1 {
            guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return Double(text).flatMap { number in
                    abs(number) < 1e11 ? UTCTime(nanoseconds: Int64((number * 1e9).rounded())) : nil
                }.flatMap(inRange)
            }
            for digit in parts[1].utf8 {
                scale /= 10
                fraction += Int64(digit - 0x30) * scale
            }
        }
        let (sum, isBeyond) = nanoseconds.addingReportingOverflow(
            text.hasPrefix("-") ? -fraction : fraction
        )
        return isBeyond ? nil : inRange(UTCTime(nanoseconds: sum))
    }

    /// Years that can be written.
    private static func inRange(_ time: UTCTime) -> UTCTime? {
        (1_678...2_261).contains(CivilTime(time).year) ? time : nil
    }

    private static func words(_ error: JSONParsingError) -> String {
        switch error {
        case .truncated: "the line ends inside a JSON value"
        case .unexpected(let position): "byte \(position + 1) cannot stand there in JSON"
        case .badText(let position): "the text at byte \(position + 1) is no UTF-8"
        case .duplicateName(let position): "the member at byte \(position + 1) stands there twice"
        case .tooDeep: "the line nests deeper than \(JSONValue.depthMax)"
        }
    }
}
