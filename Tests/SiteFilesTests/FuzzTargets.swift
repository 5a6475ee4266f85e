// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import WireFormats

/// Readers of hostile bytes, each as a function that traps when a promise is broken.
///
/// Used by `ParserFuzz` with mutated seeds.
enum FuzzTarget: String, CaseIterable, Sendable {
    case framing
    case syslog
    case json
    case kv
    case csv
    case cef
    case xml
    case decoder

    /// A text from which mutations start.
    var seeds: [String] {
        switch self {
        case .framing:
            ["<13>a\n17 <13>1 - - - - - - x<13>b\n", "{\"a\":1}\n999999999 <x", "7 <13>abc8 <13>abcd\n"]
        case .syslog:
            [
                "<165>1 2026-10-05T04:00:00.003Z h a 1 I [x@1 a=\"b\\]\"][y] text",
                "<189>29: sw1: *Oct  5 2026 04:00:00.1 CEST: %SYS-5-CONFIG_I: x",
                "<13>Oct 5 04:00:00 h a[1]: x",
                "<38>Oct  5 04:00:00 h last message repeated 3 times", "<1>1 2026-10-05 04:00:00,5+02 - - -",
                "type=EXECVE msg=audit(1793511351.1:9): argc=1 a0=\"x\"",
                "<1>CISE_x 1 2 0 a=b,\n<1>CISE_x 1 2 1 c=d",
                "Start-Date: 2026-10-05  04:00:00\nUpgrade: a (1, 2)\nEnd-Date: x",
                "type=SYSCALL msg=audit(1.1:9): syscall=59 items=1\ntype=PATH msg=audit(1.1:9): name=a\n"
                    + "type=PROCTITLE msg=audit(1.1:9): proctitle=6162",
                "Upgrade: a-1-2.x86_64\nUpgraded: a-1-1.x86_64",
            ]
        case .json:
            [
                #"{"a":{"b":[1,-2.5e3,"\ud83d\ude39",null,true]},"a":"x"}"#,
                #"{"ts":1793511351.5,"user":"u"}"#,
                #"{"resourceType":"AuditEvent","type":{"code":"110114"},"agent":[{"requestor":true}]}"#,
            ]
        case .kv: ["date=2026-10-05 time=04:00:00 devname=\"f\" a='b' c=", "a=b, c=d; cisco-av-pair=vlan=3"]
        case .csv:
            [
                "1,2026/10/05 04:00:00,x,THREAT,\"a,\"\"b\",,10.0.0.1,10.0.0.2",
                "10,10/05/26,04:00:00,Assign,,h,",
            ]
        case .cef:
            [
                "CEF:0|A|B\\|C|1|2|n|3|src=1.2.3.4 cs1Label=x y cs1=z msg=a\\=b \\n |",
                "LEEF:2.0|A|B|1|2|x09|devTime=05/10/2026 04:00:00\tdevTimeFormat=dd/MM/yyyy HH:mm:ss",
                "0|A|B|1|2|n|3|a=b",
            ]
        case .xml:
            [
                "<Event xmlns='x'><System><EventID>4624</EventID></System><Data Name='a'>&lt;</Data></Event>",
                "<?xml ?><AuditMessage><EventIdentification EventActionCode='E'/></AuditMessage>",
                "<!DOCTYPE a><a><![CDATA[x]]><!-- y --></a>",
            ]
        case .decoder:
            [
                "id: a\nselect: {app: [b]}\nrules:\n  - id: c\n    action: login\n"
                    + "    pattern: '{user.name:word}{? x}'\n    samples:\n"
                    + "      - in: 'u'\n        expect: {user.name: u}\n"
            ]
        }
    }

    /// Reads `bytes`; traps when what comes out cannot be.
    func run(_ bytes: [UInt8], by normalizer: inout Normalizer) {
        switch self {
        case .framing: FuzzTarget.frame(bytes)
        case .decoder:
            let outcome = DecoderLoader.load([DecoderLoader.File(name: "x.decoder.yaml", bytes: bytes)])
            precondition(!outcome.refused.contains { $0.description.isEmpty }, "a refusal says nothing")
        case .syslog: FuzzTarget.decode(bytes, &normalizer)
        case .kv: FuzzTarget.decode(Array("<189>Oct  5 04:00:00 h a: ".utf8) + bytes, &normalizer)
        case .csv: FuzzTarget.decode(Array("<189>Oct  5 04:00:00 h ".utf8) + bytes, &normalizer)
        case .json, .cef, .xml:
            if self == .json { _ = try? JSONValue(parsing: bytes.span) }
            FuzzTarget.decode(bytes, &normalizer)
        }
    }

    /// Every byte of a connection is in a record, between frames, or counted as cut; pieces do not matter.
    private static func frame(_ bytes: [UInt8]) {
        for style in [ConnectionFramer.Style.syslog, .jsonLines, .lines] {
            let whole = records(bytes, style, piece: max(1, bytes.count))
            precondition(records(bytes, style, piece: 3) == whole, "frames depend on how bytes arrive")
            precondition(whole.reduce(0) { $0 + $1.count } <= bytes.count, "more bytes than came")
        }
    }

    private static func records(_ bytes: [UInt8], _ style: ConnectionFramer.Style, piece: Int) -> [[UInt8]] {
        var framer = ConnectionFramer(style, sizeMaxBytes: 64)
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "fuzz", transport: .tcp))
        var target = FrameTarget(batch: batch, origin: origin, flags: [], time: .absent)
        var next = 0
        while next < bytes.count {
            let part = Array(bytes[next..<min(bytes.count, next + piece)])
            framer.feed(part.span, into: &target)
            next += part.count
        }
        framer.finish(into: &target)
        return target.batch.rows.indices.map(target.batch.payload)
    }

    /// Every record gives events, all of whose fields lie in the batch; the cut of batches does not matter.
    ///
    /// Each line is a record, so that records are joined.
    private static func decode(_ bytes: [UInt8], _ normalizer: inout Normalizer) {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        normalizer.forget()
        let whole = said(lines[...], &normalizer)
        guard lines.count > 1 else { return }
        normalizer.forget()
        var parts: [String] = []
        for number in lines.indices { parts += said(lines[number...number], &normalizer) }
        precondition(parts == whole, "events depend on the cut of batches")
    }

    private static func said(
        _ lines: ArraySlice<ArraySlice<UInt8>>,
        _ normalizer: inout Normalizer
    ) -> [String] {
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "fuzz", transport: .udp))
        for line in lines {
            records.append(
                Array(line),
                kind: .device,
                origin: origin,
                receiveTime: CivilTime(year: 2026, month: 10, day: 5).utc()
            )
        }
        var events = EventBatch()
        normalizer.decode(
            records,
            base: Offset(UInt64(lines.startIndex)),
            reference: nil,
            into: &events
        )
        precondition(Set(events.events.map(\.offset)).count == lines.count, "a record without an event")
        return events.events.indices.map { index in
            for entry in events.fields(of: index) {
                precondition(entry.range.upperBound <= events.bytes.count, "a field beyond the batch")
            }
            let event = events.events[index]
            let head = "\(event.offset.value).\(event.ordinal) \(event.action.name)"
            return "\(head) \(event.issues.names) \(event.fieldCount)"
        }
    }
}
