// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

/// Header vectors of five public projects.
///
/// The vectors of Elastic's dissect in the same folder test a pattern language, not headers.
@Suite(.enabled(if: SyslogVectors.folder != nil, "the conformance folder is absent"))
struct SyslogVectorTests {
    /// Vectors with which we differ, and why.
    ///
    /// The list is exact: a vector that stands here and fits is a failure too.
    private static let differences: [String: [Int: String]] = [
        "victorialogs-syslog.jsonl": [
            17: "a lone word behind the host is text: a tag needs its colon or process",
            19: "the first word of a text is no tag",
        ]
    ]

    private static func read(_ vector: HeaderVector) -> Envelope {
        let reference = CivilTime(year: 2024, month: 12, day: 31).utc()
        let context = StampContext(reference: reference, offsetSeconds: 0)
        return EnvelopeReader.read(vector.bytes.span, 0..<vector.bytes.count, context)
    }

    @Test(arguments: [
        ("gosyslog-rfc5424.jsonl", 171), ("gosyslog-rfc3164.jsonl", 8), ("jc-syslog-3164.jsonl", 32),
        ("jc-syslog-5424.jsonl", 9), ("victorialogs-syslog.jsonl", 28), ("easypost-rfc5424.jsonl", 10),
    ])
    func `headers are read as their projects expect`(file: String, count: Int) {
        let vectors = SyslogVectors.load(file)
        #expect(vectors.count == count)
        let differences = Self.differences[file] ?? [:]
        for vector in vectors {
            let faults = vector.faults(of: Self.read(vector))
            let line = String(decoding: vector.bytes, as: UTF8.self)
            if differences[vector.id] == nil {
                #expect(faults.isEmpty, "\(file) \(vector.id) `\(line)`")
            } else {
                #expect(!faults.isEmpty, "\(file) \(vector.id) fits now: take it off the list")
            }
        }
    }

    /// Host and application where they stand as in RFC 5424: `<PRI>VERSION TIME HOST APP PROC MSGID ...`.
    private static func stated(_ vector: HeaderVector) -> (host: String, application: String)? {
        let words = vector.bytes.split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count >= 7, words[0].first == 0x3c, let last = words[0].last, (0x30...0x39).contains(last)
        else { return nil }
        let isPlain = words[1...6].allSatisfy { word in
            !word.isEmpty && word.allSatisfy { (0x21...0x7e).contains($0) }
        }
        let names = words[2...3].map { String(decoding: $0, as: UTF8.self) }
        guard isPlain, names[0] != "-" else { return nil }
        return (names[0], names[1])
    }

    @Test func `every line that is no message is flagged and keeps its host`() {
        var counts = (lines: 0, hosts: 0)
        for file in ["gosyslog-rfc5424.jsonl", "gosyslog-rfc3164.jsonl", "jc-syslog-3164.jsonl"]
            + ["jc-syslog-5424.jsonl"]
        {
            for vector in SyslogVectors.load(file) where !vector.expected.isValid {
                let line = String(decoding: vector.bytes, as: UTF8.self)
                let envelope = Self.read(vector)
                counts.lines += 1
                let odd = envelope.issues.subtracting([.yearAssumed, .timeZoneAssumed])
                #expect(!odd.isEmpty, "\(file) \(vector.id) `\(line)`")
                guard let stated = Self.stated(vector) else { continue }
                counts.hosts += 1
                let host = String(decoding: vector.bytes[envelope.host], as: UTF8.self)
                let application = String(decoding: vector.bytes[envelope.application], as: UTF8.self)
                #expect(host == stated.host, "\(file) \(vector.id) `\(line)`")
                #expect(
                    application == (stated.application == "-" ? "" : stated.application),
                    "\(file) \(vector.id) `\(line)`"
                )
            }
        }
        #expect(counts.lines > 80 && counts.hosts > 8, "\(counts)")
    }

    @Test func `a reader that finds no header fails nearly every vector`() {
        // The planted mutant: all text is body. Only vectors that state nothing may still fit.
        let vectors = SyslogVectors.load("gosyslog-rfc5424.jsonl").filter(\.expected.isValid)
        let fitting = vectors.filter { vector in
            vector.faults(of: Envelope(body: 0..<vector.bytes.count)).isEmpty
        }
        #expect(!vectors.isEmpty && fitting.isEmpty)
    }

    @Test func `a reader that finds nothing odd fails the vectors that are no messages`() {
        let vectors = SyslogVectors.load("gosyslog-rfc5424.jsonl").filter { !$0.expected.isValid }
        let fitting = vectors.filter { vector in
            var envelope = Self.read(vector)
            envelope.form = .rfc5424
            envelope.issues = []
            return vector.faults(of: envelope).isEmpty
        }
        #expect(vectors.count > 50 && fitting.isEmpty)
    }
}
