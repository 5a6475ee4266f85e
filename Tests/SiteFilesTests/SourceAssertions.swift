// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Normalization

/// One field expectation of a `.parser.assert` file: what another project's parser makes of a line.
struct SourceAssertion: Hashable {
    /// Which parser, and which of the records it saw.
    struct Subject: Hashable {
        var stage: String
        var parser: String
        var index: Int
    }

    var subject: Subject
    /// The name there, such as `Meta.source_ip` or `Unmarshaled.auditd.exe`.
    var name: String
    var value: String
    /// Leading characters that the expectation leaves open: the year of a stamp that has none.
    var dropped: Int

    /// Reads `results["STAGE"]["PARSER"][3].Evt.Meta["NAME"] == "VALUE"`; nil for lines that say something
    /// else.
    init?(_ line: Substring) {
        guard let open = line.range(of: "results["), let evt = line.range(of: ".Evt."),
            let equals = line.range(of: #" == ""#, range: evt.upperBound..<line.endIndex),
            line.hasSuffix("\"")
        else { return nil }
        let head = SourceAssertion.keys(line[open.lowerBound..<evt.lowerBound])
        guard head.count == 3, let index = Int(head[2]) else { return nil }
        subject = Subject(stage: head[0], parser: head[1], index: index)
        let left = line[evt.upperBound..<equals.lowerBound]
        var path = SourceAssertion.keys(left)
        dropped = 0
        if let last = path.last, last.hasSuffix(":"), let count = Int(last.dropLast()) {
            dropped = count
            path.removeLast()
        }
        guard !path.isEmpty, let kind = left.split(separator: "[").first else { return nil }
        name = ([String(kind)] + path).joined(separator: ".")
        value = SourceAssertion.unescaped(line[equals.upperBound...].dropLast())
    }

    /// The texts in brackets, quotes taken off.
    private static func keys(_ text: Substring) -> [String] {
        text.split(separator: "[").dropFirst().compactMap { part in
            part.firstIndex(of: "]").map { part[..<$0].replacingOccurrences(of: "\"", with: "") }
        }
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" ? "\n" : character == "t" ? "\t" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}

/// Where those names go in our events: `sources/assertions.tsv`.
struct SourceAssertionTable {
    /// What a name means to us.
    struct Meaning: Hashable {
        /// Fields of which one must have the value; empty: not mapped, for `remark`.
        var fields: [String]
        /// Value instead of the one there: `Meta.log_type` `ssh_failed-auth` is outcome `failure`.
        var value: String?
        var remark: String
    }

    private var rows: [String: [Meaning]] = [:]

    /// Reads rows of name, fields and remark; a name is `NAME`, `NAME=VALUE`, or either behind `FILE:`, and
    /// `NAME.*` stands for all names below.
    init(_ text: String) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard cells.count >= 2 else { continue }
            var meaning = Meaning(fields: [], remark: cells.count > 2 ? cells[2] : "")
            if cells[1] != "-" {
                let sides = cells[1].split(separator: "=", maxSplits: 1).map(String.init)
                meaning.fields = sides[0].split(separator: ",").map(String.init)
                if sides.count == 2 { meaning.value = sides[1] }
            }
            rows[cells[0], default: []].append(meaning)
        }
    }

    /// The meanings of an expectation, the most special row first; nil when the table does not know the name.
    func meanings(of assertion: SourceAssertion, in file: String) -> [Meaning]? {
        let exact = "\(assertion.name)=\(assertion.value)"
        let group = assertion.name.split(separator: ".").prefix(2).joined(separator: ".") + ".*"
        return rows["\(file):\(exact)"] ?? rows["\(file):\(assertion.name)"] ?? rows[exact]
            ?? rows[assertion.name] ?? rows[group]
    }
}

/// What became of one file of lines: how many were classed, and which expectations were met.
struct SourceReport {
    var path: String
    var lineCount = 0
    var unclassed: [String] = []
    var mappedCount = 0
    var unmet: [String] = []
    var unknownNames: Set<String> = []

    /// Decodes the lines of `path` and judges them and the expectations beside them.
    init(_ path: String, _ table: SourceAssertionTable) {
        self.path = path
        let lines = DecoderFixtures.lines(path).filter { !$0.allSatisfy { $0 == 0x20 || $0 == 0x0d } }
        let events = DecoderFixtures.decode(lines)
        lineCount = lines.count
        var byLine = Array(repeating: [SourceEvent](), count: lines.count)
        for index in events.events.indices {
            byLine[Int(events.events[index].offset.value)].append(SourceEvent(events, index))
        }
        let texts = lines.map { String(decoding: $0, as: UTF8.self) }
        for (index, found) in byLine.enumerated() where !found.contains(where: \.isClassed) {
            unclassed.append(texts[index])
        }
        let asserted = path.replacingOccurrences(of: ".log", with: ".parser.assert")
        guard asserted != path else { return }
        judge(SourceReport.assertions(asserted), table, texts, byLine)
    }

    /// The expectations of an assert file; none when there is no such file.
    static func assertions(_ path: String) -> [SourceAssertion] {
        DecoderFixtures.lines(path).compactMap { SourceAssertion(String(decoding: $0, as: UTF8.self)[...]) }
    }

    /// Compares the expectations with the events of the line that each is about.
    private mutating func judge(
        _ assertions: [SourceAssertion],
        _ table: SourceAssertionTable,
        _ texts: [String],
        _ events: [[SourceEvent]]
    ) {
        let lineOf = SourceReport.assign(assertions, to: texts)
        let name = path.split(separator: "/").last?.split(separator: ".").first ?? ""
        let file = name.replacingOccurrences(of: "crowdsec-", with: "")
        for assertion in assertions where !assertion.value.isEmpty {
            guard let meanings = table.meanings(of: assertion, in: file) else {
                unknownNames.insert(assertion.name)
                continue
            }
            guard let line = lineOf[assertion.subject] else { continue }
            for meaning in meanings where !meaning.fields.isEmpty {
                mappedCount += 1
                let expected = meaning.value ?? assertion.value
                let isMet = events[line].contains { event in
                    meaning.fields.contains { event.has($0, expected, dropped: assertion.dropped) }
                }
                guard !isMet else { continue }
                let fields = meaning.fields.joined(separator: ",")
                unmet.append("\(assertion.name) -> \(fields) = \(expected)\t\(texts[line])")
            }
        }
    }

    /// The line of each subject: the next one that holds the message it quotes.
    ///
    /// A parser sees the lines in order but not those that an earlier one took: its count is no line number.
    private static func assign(
        _ assertions: [SourceAssertion],
        to texts: [String]
    ) -> [SourceAssertion.Subject: Int] {
        var lineOf: [SourceAssertion.Subject: Int] = [:]
        var nextLine: [String: Int] = [:]
        for assertion in assertions where assertion.name == "Parsed.message" {
            let subject = assertion.subject
            guard lineOf[subject] == nil else { continue }
            let key = subject.stage + subject.parser
            let start = nextLine[key] ?? 0
            let quoted = assertion.value.trimmingCharacters(in: .whitespacesAndNewlines)
            let found =
                texts[start...].firstIndex { $0.contains(quoted) }
                ?? texts[..<start].firstIndex { $0.contains(quoted) }
            guard let found else { continue }
            lineOf[subject] = found
            nextLine[key] = min(found + 1, texts.count)
        }
        for assertion in assertions where lineOf[assertion.subject] == nil {
            if assertion.subject.index < texts.count { lineOf[assertion.subject] = assertion.subject.index }
        }
        return lineOf
    }
}

/// One event as the comparison needs it.
struct SourceEvent {
    private var values: [String: [String]] = [:]
    private var time: UTCTime
    /// Whether a decoder took the line and gave it a class.
    let isClassed: Bool

    init(_ batch: EventBatch, _ index: Int) {
        let event = batch.events[index]
        time = event.time
        isClassed = event.eventClass != .unclassified && !event.issues.contains(.undecoded)
        values["class"] = [event.eventClass.name]
        values["action"] = [event.action.name]
        values["outcome"] = [event.outcome.name]
        for entry in batch.fields(of: index) {
            let text = String(decoding: batch.bytes[entry.range], as: UTF8.self)
            values[batch.name(of: entry.field), default: []].append(text)
        }
    }

    /// Whether the field has the value; addresses and times are compared as what they are.
    func has(_ field: String, _ expected: String, dropped: Int) -> Bool {
        if field == "time" { return isTime(expected, dropped: dropped) }
        let plain = expected.last == "," ? String(expected.dropLast()) : expected
        let folded = plain.lowercased()
        let hardware = folded.replacingOccurrences(of: "-", with: ":")
        let address = field.hasSuffix("ip") || field == "*" ? SourceEvent.address(plain) : nil
        let candidates = field == "*" ? values.values.flatMap(\.self) : values[field] ?? []
        return candidates.contains { found in
            found == plain || (field.hasSuffix("mac") && found == hardware)
                || (field == "network.transport" && found == folded)
                || (address != nil && SourceEvent.address(found) == address)
        }
    }

    private static func address(_ text: String) -> IPAddress? {
        let bytes = Array(text.utf8)
        return IPAddress(bytes.span, 0..<bytes.count)
    }

    /// Compares the stamp with the event's time, as far as the stamp goes: an instant where it names a zone,
    /// a civil time else, without the year where it has none.
    private func isTime(_ stamp: String, dropped: Int) -> Bool {
        let text = time.description
        if dropped > 0 { return text.dropFirst(dropped).hasPrefix(stamp.dropLast()) }
        if let instant = UTCTime(rfc3339: stamp) { return instant == time }
        let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
        var numbers = stamp.split { !$0.isNumber }.map { Int($0) ?? -1 }
        let civil = CivilTime(time)
        guard let month = months.firstIndex(where: { stamp.contains($0) }) else {
            guard numbers.count >= 6 else {
                return String(time.nanoseconds).hasPrefix(stamp.filter(\.isNumber))
            }
            if numbers[2] > 99 { numbers = [numbers[2], numbers[0], numbers[1]] + numbers[3...] }
            let own = [civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second]
            return Array(numbers[..<6]) == own
        }
        if numbers.count == 5, numbers[4] > 1_900 { numbers.removeLast() }
        if numbers.count > 4 { numbers = [numbers[0]] + numbers[2...4] }
        return civil.month == month + 1 && numbers == [civil.day, civil.hour, civil.minute, civil.second]
    }
}
