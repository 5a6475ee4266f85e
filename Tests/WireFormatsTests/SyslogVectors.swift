// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import WireFormats

/// What a public test vector wants of one header; nil for what it does not state.
struct HeaderExpectation: Sendable {
    /// Whether the vector's own project takes the line for a message at all.
    var isValid = true
    /// Severity and facility, priority split.
    var priority: Int?
    var host: String?
    /// The tag may be longer than stated where a project ends it at the first letter that is none.
    var application: String?
    var processID: String?
    var messageID: String?
    var time: UTCTime?
    /// Names of elements with their parameters, as written.
    var elements: [String: [String: String]] = [:]
    var body: String?
    /// Whether `body` begins with the process in brackets, which we do not count to it.
    var bodyHoldsProcess = false
}

/// One line with what is wanted of it.
struct HeaderVector: Sendable {
    let file: String
    let id: Int
    let bytes: [UInt8]
    let expected: HeaderExpectation

    /// What the reader got wrong; empty if nothing.
    func faults(of envelope: Envelope) -> [String] {
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var faults: [String] = []
        func compare(_ name: String, _ found: String, _ wanted: String?) {
            guard let wanted else { return }
            let nothing = wanted == "-" ? "" : wanted
            if found != nothing { faults.append("\(name) is `\(found)`, not `\(nothing)`") }
        }
        guard expected.isValid else {
            let odd = envelope.issues.subtracting([.emptyMessage, .yearAssumed, .timeZoneAssumed])
            return odd.isEmpty && envelope.form.rawValue >= Envelope.Form.rfc3164.rawValue
                ? ["taken for a message without fault"] : []
        }
        if let priority = expected.priority,
            Int(envelope.facility) != priority >> 3 || Int(envelope.severity) != priority & 7
        {
            faults.append("priority is \(envelope.facility).\(envelope.severity), not of \(priority)")
        }
        compare("host", text(envelope.host), expected.host)
        compare("process", text(envelope.processID), expected.processID)
        compare("message id", text(envelope.messageID), expected.messageID)
        if let wanted = expected.application, wanted != "-", !text(envelope.application).hasPrefix(wanted) {
            faults.append("application is `\(text(envelope.application))`, not `\(wanted)`")
        }
        if let time = expected.time, time != envelope.time {
            faults.append("time is \(envelope.time), not \(time)")
        }
        let data = text(envelope.structuredData)
        for (name, parameters) in expected.elements {
            if !data.contains("[" + name) { faults.append("no element `\(name)`") }
            for (key, value) in parameters where !data.contains("\(key)=\"\(value)\"") {
                faults.append("no parameter `\(key)` of `\(name)`")
            }
        }
        if let body = expected.body {
            let found = text(envelope.body)
            let isSame = expected.bodyHoldsProcess ? isEnd(found, of: body) : found == body
            if !isSame { faults.append("body is `\(found)`, not `\(body)`") }
        }
        return faults
    }

    /// Whether `body` is all of `content` but the process in front; ends are compared without blanks.
    private func isEnd(_ body: String, of content: String) -> Bool {
        let found = body.trimmingCharacters(in: .whitespaces)
        let wanted = content.trimmingCharacters(in: .whitespaces)
        guard wanted.hasSuffix(found), !found.isEmpty || wanted.isEmpty else { return false }
        let front = wanted.dropLast(found.count)
        return front.isEmpty || front.hasSuffix("]: ")
    }
}

/// The vectors of the conformance folder, in one form.
enum SyslogVectors {
    /// The folder; nil if it is absent.
    static let folder: String? = {
        let path =
            (ProcessInfo.processInfo.environment["WARDLINE_CONFORMANCE"] ?? "../shared/conformance")
            + "/syslog"
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()

    /// All vectors of `file`.
    static func load(_ file: String) -> [HeaderVector] {
        guard let folder, let text = try? String(contentsOfFile: folder + "/" + file, encoding: .utf8) else {
            return []
        }
        return text.split(separator: "\n").compactMap { line in
            guard let object = object(String(line)), let id = object["id"] as? Int,
                let input = object["input"] as? String
            else { return nil }
            return HeaderVector(
                file: file,
                id: id,
                bytes: bytes(input),
                expected: expectation(object)
            )
        }
    }

    /// Bytes that are no UTF-8 stand in the files as lone surrogates, which no parser takes: they travel as
    /// private characters.
    private static func object(_ line: String) -> [String: Any]? {
        let safe = line.replacingOccurrences(of: "\\udc", with: "\\ue0")
        return try? JSONSerialization.jsonObject(with: Data(safe.utf8)) as? [String: Any]
    }

    private static func bytes(_ input: String) -> [UInt8] {
        input.unicodeScalars.flatMap { scalar -> [UInt8] in
            (0xe080...0xe0ff).contains(scalar.value)
                ? [UInt8(scalar.value - 0xe000)] : Array(String(scalar).utf8)
        }
    }

    private static func expectation(_ object: [String: Any]) -> HeaderExpectation {
        if let text = object["expect_logfmt"] as? String { return logfmt(text) }
        if let text = object["expect_py"] as? String { return python(text) }
        var expected = HeaderExpectation()
        expected.isValid = object["valid"] as? Bool ?? true
        guard let fields = object["expect"] as? [String: Any] else { return expected }
        if fields["unparsable"] != nil { expected.isValid = false }
        expected.priority = fields["pri"] as? Int ?? fields["priority"] as? Int
        expected.host = fields["hostname"] as? String
        expected.application = fields["appname"] as? String ?? fields["tag"] as? String
        expected.processID = fields["procid"] as? String ?? (fields["proc_id"] as? Int).map(String.init)
        expected.messageID = fields["msgid"] as? String ?? fields["msg_id"] as? String
        expected.time = (fields["timestamp"] as? String).flatMap { UTCTime(rfc3339: $0) }
        expected.elements = fields["sd"] as? [String: [String: String]] ?? [:]
        expected.body = fields["message"] as? String ?? fields["content"] as? String
        expected.bodyHoldsProcess = fields["content"] != nil
        return expected
    }

    /// `key=value key="quoted \" value"`.
    private static func logfmt(_ text: String) -> HeaderExpectation {
        var expected = HeaderExpectation()
        var rest = Substring(text)
        var fields: [String: String] = [:]
        while let sign = rest.firstIndex(of: "=") {
            let key = rest[..<sign].drop { $0 == " " }
            rest = rest[rest.index(after: sign)...]
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    value.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
                }
            } else {
                value = String(rest.prefix { $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            fields[String(key)] = value
        }
        expected.priority = fields["priority"].flatMap { Int($0) }
        expected.host = fields["hostname"]
        expected.application = fields["app_name"]
        expected.processID = fields["proc_id"]
        expected.messageID = fields["msg_id"]
        expected.time = fields["timestamp"].flatMap { UTCTime(rfc3339: $0) }
        expected.body = fields["message"]
        return expected
    }

    /// Arguments of `Expected(severity, facility, version, stamp, host, application, process, message id,
    /// message, ...)`: strings, numbers and `None`.
    private static func python(_ text: String) -> HeaderExpectation {
        var values: [String?] = []
        var rest = text.drop { $0 != "(" }.dropFirst()
        while !rest.isEmpty, values.count < 9 {
            rest = rest.drop { $0 == " " || $0 == "," }
            if rest.hasPrefix("msg=") { rest = rest.dropFirst(4) }
            if let quote = rest.first, quote == "'" || quote == "\"" {
                var value = ""
                rest.removeFirst()
                while let character = rest.popFirst(), character != quote {
                    guard character == "\\", let next = rest.popFirst() else {
                        value.append(character)
                        continue
                    }
                    value.append(next == "n" ? "\n" : next)
                }
                values.append(value == "<type 'str'>" ? nil : value)
            } else {
                let value = String(rest.prefix { $0 != "," && $0 != ")" })
                rest = rest.dropFirst(value.count)
                values.append(value == "None" ? nil : value)
            }
        }
        var expected = HeaderExpectation()
        guard values.count >= 9 else { return expected }
        expected.time = values[3].flatMap { UTCTime(rfc3339: $0) }
        expected.host = values[4]
        expected.application = values[5]
        expected.processID = values[6]
        expected.messageID = values[7]
        expected.body = values[8]
        return expected
    }
}
