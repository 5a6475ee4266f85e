// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import Testing

/// What conditions and aliases make of the values of keys, and what one decoder leaves to the next.
struct DecoderConditionTests {
    /// Names of the fields of the first event of `line`, with their values.
    private static func fields(_ line: String, _ texts: [String]) throws -> [String] {
        let files = zip(0..., texts).map { DecoderFixtures.file($1, name: "\($0).decoder.yaml") }
        let loaded = DecoderLoader.load(files)
        try #require(loaded.refused.isEmpty, "\(loaded.refused)")
        let events = DecoderFixtures.decode([Array(line.utf8)], by: loaded.decoders)
        return events.fields(of: 0).map { entry in
            events.name(of: entry.field) + "=" + String(decoding: events.bytes[entry.range], as: UTF8.self)
        }
    }

    /// A decoder that notes which of two rules takes a text: the first has the condition.
    private static func decoder(_ condition: String) -> String {
        """
        id: t
        format: json
        select: {key: {kind: '*'}}
        alias: {_both: [kind+text]}
        rules:
          - id: first
            action: login
            when: {\(condition)}
            set: {ext.taken: 'yes'}
            samples: [{in: '{"kind":"Gate","text":"opened west door twice"}', expect: {ext.taken: 'yes'}}]
          - id: second
            action: login
            samples: [{in: '{"kind":"gate","text":"closed"}', expect: {action: login}}]
        """
    }

    @Test(arguments: [
        ("text: 'opened*twice'", "opened twice", true), ("text: 'opened*twice'", "reopened twice", false),
        ("text: 'opened*twice'", "opened twice more", false), ("text: '*west*door*'", "West Door", true),
        ("text: '*west*door*'", "door west", false), ("text: '*west*door*'", "westdoor", true),
        ("text: 'opened*door*'", "opened a door", true), ("text: 'opened*d*twice'", "opened twice", false),
        ("text: '*door*twice'", "a door opened twice", true), ("text: '*door*twice'", "door twice or", false),
        ("text: '!shut*down'", "shut it down", false), ("text: '!shut*down'", "shut", true),
        ("_both: 'gate*door*'", "west door", true), ("_both: 'gate*door*'", "west", false),
    ])
    func `stars between texts keep their order`(condition: String, text: String, isTaken: Bool) throws {
        let line = #"{"kind":"gate","text":""# + text + #""}"#
        let fields = try DecoderConditionTests.fields(line, [DecoderConditionTests.decoder(condition)])
        #expect(fields.contains("ext.taken=yes") == isTaken, "\(fields)")
    }

    @Test(arguments: [
        ("cyrus/imap[7]: badlogin ada", true), ("/usr/lib/cyrus/imap[7]: badlogin ada", false),
        ("imap[7]: badlogin ada", false), ("cyrus[7]: badlogin ada", false),
    ])
    func `a prefix that names a folder is one of the whole name`(message: String, isTaken: Bool) throws {
        let decoder = """
            id: t
            select: {app: 'cyrus/*'}
            header: '<22>Oct  5 04:00:00 h cyrus/imap[7]: '
            rules:
              - id: first
                action: login
                pattern: 'badlogin {user.name:rest}'
                set: {ext.taken: 'yes'}
                samples: [{in: 'badlogin ada', expect: {ext.taken: 'yes', user.name: ada}}]
            """
        let fields = try DecoderConditionTests.fields("<22>Oct  5 04:00:00 h " + message, [decoder])
        #expect(fields.contains("ext.taken=yes") == isTaken, "\(fields)")
    }

    @Test(arguments: ["<Provider Name='Gate' Guid='g'/>", "<Provider Name='Gate' Guid='g'></Provider>"])
    func `the source of a Windows event has one name, however its element ends`(element: String) throws {
        let line = "<Event><System>\(element)</System><Data Name='door'>west</Data></Event>"
        let fields = try DecoderConditionTests.fields(line, [DecoderConditionTests.decoder("text: '*west*'")])
        #expect(fields.contains("ext.Event.System.Provider.@Name=Gate"), "\(fields)")
        #expect(fields.contains { $0.hasSuffix("door=west") }, "\(fields)")
    }

    /// A decoder of values parted by commas that takes lines with its own word in the first of them.
    private static func table(_ name: String, columns: String, sample: String) -> String {
        """
        id: \(name)
        format: csv
        select: {literal: ['\(name)']}
        columns: [\(columns)]
        within: {note: {ext.seen: ['seen {ext.seen:word}']}}
        fields: {user.name: who}
        rules:
          - id: r
            action: login
            when: {kind: \(name)}
            samples: [{in: '\(sample)', expect: {action: login}}]
        """
    }

    @Test func `columns of a decoder that does not take the line are not left to the next`() throws {
        let texts = [
            DecoderConditionTests.table("badge", columns: "kind, who, note", sample: "badge,ada,x"),
            DecoderConditionTests.table("lock", columns: "kind, door, place, who", sample: "lock,d1,p,ada"),
        ]
        let fields = try DecoderConditionTests.fields("lock,west,seen badge,eve", texts)
        #expect(fields.contains("user.name=eve"), "\(fields)")
        #expect(fields.contains("ext.door=west"), "\(fields)")
        #expect(!fields.contains { $0.hasPrefix("ext.seen=") || $0.hasPrefix("ext.note=") }, "\(fields)")
        // The mutant: without a second column of that name the first would have been kept.
        #expect(!fields.contains("user.name=west"))
    }
}
