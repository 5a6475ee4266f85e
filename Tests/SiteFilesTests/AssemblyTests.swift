// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import SiteFiles
import Testing

/// What a sender split over several records.
struct AssemblyTests {
    /// One record: receive second and line.
    typealias Line = (second: Int, text: String)

    private static let start = CivilTime(year: 2026, month: 10, day: 5).utc()

    static let segments: [Line] = [
        (
            0,
            "<181>Oct  5 04:00:00 nac9 CISE_Passed_Authentications 0000000077 3 0 2026-10-05 "
                + "04:00:00.100 +00:00 0000000900 5200 NOTICE Passed-Authentication: Authentication "
                + "succeeded, ConfigVersionId=1, "
                + "UserName=n.ortiz, "
        ),
        (
            0,
            "<181>Oct  5 04:00:00 nac9 CISE_Passed_Authentications 0000000077 3 1 NAS-Port-Id=Gi1/0/9, "
                + "Calling-Station-ID=00-40-9D-00-00-09, "
        ),
        (
            0,
            "<181>Oct  5 04:00:00 nac9 CISE_Passed_Authentications 0000000077 3 2 "
                + "AuthenticationMethod=dot1x, AcsSessionID=nac9/5/6"
        ),
    ]

    private static func batch(_ lines: ArraySlice<Line>) -> RecordBatch {
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "test", transport: .udp))
        for line in lines {
            let time = start.advanced(by: Int64(line.second) * UTCTime.second)
            records.append(Array(line.text.utf8), kind: .device, origin: origin, receiveTime: time)
        }
        return records
    }

    /// The events of `lines`, decoded in pieces of `size`; each as its fields, sorted.
    static func events(_ lines: [Line], size: Int = .max, from first: Int = 0) -> [String] {
        var normalizer = Normalizer(decoders: DecoderFixtures.loaded.decoders, siteKey: DecoderFixtures.key)
        var found: [String] = []
        if first > 0 {
            normalizer.prime(batch(lines[..<first]), before: Offset(UInt64(first)), reference: nil)
        }
        var next = first
        while next < lines.count {
            let end = min(lines.count, next + min(size, lines.count))
            var events = EventBatch()
            normalizer.decode(
                batch(lines[next..<end]),
                base: Offset(UInt64(next)),
                reference: nil,
                into: &events
            )
            found += events.events.indices.map { text(events, $0) }
            next = end
        }
        return found
    }

    private static func text(_ events: EventBatch, _ index: Int) -> String {
        let event = events.events[index]
        let fields = events.fields(of: index).map { entry in
            "\(events.name(of: entry.field))=\(String(decoding: events.bytes[entry.range], as: UTF8.self))"
        }
        let head = "\(event.offset.value).\(event.ordinal) \(event.eventClass.name) \(event.action.name) "
        return head + "\(event.outcome.name) \(event.time) [\(event.issues.names.joined(separator: ","))] "
            + fields.sorted().joined(separator: "; ")
    }

    @Test func `the segments of an ISE message are one event that cites them all`() {
        let events = Self.events(Self.segments)
        #expect(events.count == 3)
        #expect(events[0].contains("status_report unknown") && events[0].contains("fragment"))
        #expect(events[2].contains("access authenticate success"))
        for part in [
            "user.name=n.ortiz", "ext.port=Gi1/0/9", "src.mac=00:40:9d:00:00:09", "auth.method=dot1x",
            "session.id=nac9/5/6", "ext.records=0 1 2", "host.name=nac9", "vendor.code=5200",
        ] { #expect(events[2].contains(part), "\(part)") }
        #expect(events.count { $0.contains("authenticate") } == 1)
    }

    @Test func `segments may come in any order and twice`() {
        let lines = [Self.segments[2], Self.segments[0], Self.segments[0], Self.segments[1]]
        let events = Self.events(lines)
        #expect(events.count == 4 && events[3].contains("access authenticate success"))
        #expect(events[3].contains("ext.records=0 1 3") && events[3].contains("session.id=nac9/5/6"))
    }

    @Test func `of an incomplete message what came is told when time has passed`() {
        let other: Line = (9, Self.segments[0].text.replacing("77 3 0", with: "78 1 0"))
        let events = Self.events([Self.segments[0], Self.segments[1], other])
        #expect(events.count == 4)
        #expect(events[2].contains("authenticate success") && !events[2].contains("ext.records"))
        #expect(events[3].hasPrefix("2.1 access authenticate success") && events[3].contains("fragment"))
        #expect(events[3].contains("ext.records=0 1") && events[3].contains("ext.port=Gi1/0/9"))
        // A second more or less of waiting changes that.
        let soon: Line = (5, other.text)
        #expect(Self.events([Self.segments[0], Self.segments[1], soon]).count == 3)
    }

    @Test func `messages of two hosts with one number stay apart`() {
        let other = Self.segments.map {
            (second: $0.second, text: $0.text.replacing("nac9 CISE", with: "nac8 CISE"))
        }
        let lines = [Self.segments[0], other[0], Self.segments[1], other[1], Self.segments[2], other[2]]
        let events = Self.events(lines)
        #expect(events.count { $0.contains("authenticate success") } == 2)
        #expect(events[4].contains("ext.records=0 2 4") && events[5].contains("ext.records=1 3 5"))
    }

    @Test func `an apt stanza gives each package an event with its requester and start`() {
        let lines: [Line] = [
            (0, "Start-Date: 2026-10-04  03:02:01"), (0, "Commandline: apt upgrade"),
            (0, "Requested-By: n.ortiz (1000)"),
            (0, "Upgrade: vim:amd64 (2:9.0-1, 2:9.0-2), openssl:amd64 (3.0.1-1, 3.0.2-1)"),
            (0, "Install: libx:amd64 (1.0, automatic)"), (0, "End-Date: 2026-10-04  03:03:01"),
            (0, "Remove: old:amd64 (0.9)"),
        ]
        let events = Self.events(lines)
        #expect(events.count == 8)
        #expect(events[3].hasPrefix("3.0 update update success 2026-10-04T03:02:01Z"))
        #expect(
            events[3].contains(
                "software.from=2:9.0-1; software.name=vim; software.to=2:9.0-2; user.name=n.ortiz"
            )
        )
        #expect(
            events[4].contains("3.1 update update success") && events[4].contains("software.name=openssl")
        )
        #expect(events[4].contains("ext.records=0 1 2 3") && events[4].contains("ext.command=apt upgrade"))
        #expect(events[5].contains("update install success") && events[5].contains("ext.mark=automatic"))
        #expect(events[7].contains("update remove") && !events[7].contains("user.name"))
    }

    @Test func `a pair of dnf names both versions`() {
        let lines: [Line] = [
            (0, "2026-10-04T03:02:01+0000 SUBDEBUG Upgrade: openssl-libs-1:3.0.7-6.el9_2.x86_64"),
            (0, "2026-10-04T03:02:02+0000 SUBDEBUG Upgraded: openssl-libs-1:3.0.7-2.el9.x86_64"),
            (0, "Oct 04 01:14:54 Updated: libgcc-4.8.5-39.el7.x86_64"),
        ]
        let events = Self.events(lines)
        #expect(events.count == 3)
        #expect(events[0].contains("update status_report unknown 2026-10-04T03:02:01Z"))
        #expect(events[1].contains("update update success") && events[1].contains("ext.records=0 1"))
        let versions = "software.from=1:3.0.7-2.el9; software.name=openssl-libs; software.to=1:3.0.7-6.el9_2"
        #expect(events[1].contains(versions) && !events[1].contains("host.name"))
        #expect(events[2].contains("update update success 2026-10-04T01:14:54Z"))
        #expect(events[2].contains("software.name=libgcc; software.to=4.8.5-39.el7"))
    }

    @Test func `a package line behind a header keeps its host and program`() {
        let events = Self.events([(0, "May 18 15:24:28 ward7 yum[1]: Installed: lynx-2.8.6-27.el6.x86_64")])
        #expect(events[0].contains("update install success") && events[0].contains("host.name=ward7"))
        #expect(events[0].contains("ext.app=yum"))
    }

    @Test(arguments: ["libgcc", "make", "nano", "tree", "acl", "PackageKit", "zlib"])
    func `a pair of yum is known by its verbs, however the package is called`(name: String) {
        let lines: [Line] = [
            (0, "Oct 04 01:14:54 Upgrade: \(name)-2.0-1.el9.x86_64"),
            (0, "Oct 04 01:14:55 Upgraded: \(name)-1.0-1.el9.x86_64"),
        ]
        let events = Self.events(lines)
        #expect(events.count == 2 && events[0].contains("status_report"))
        let versions = "software.from=1.0-1.el9; software.name=\(name); software.to=2.0-1.el9"
        #expect(events[1].contains("update update success") && events[1].contains(versions))
    }

    @Test func `repetitions are the events that the relay left out`() {
        let text = "Failed password for root from 10.9.0.1 port 22 ssh2"
        let failure = "<38>Oct  5 04:00:00 gw9 sshd[9]: \(text)"
        let lines: [Line] = [
            (0, failure), (1, "<38>Oct  5 04:00:00 gw8 sshd[9]: Server listening on 0.0.0.0 port 22."),
            (2, "<38>Oct  5 04:00:09 gw9 last message repeated 3 times"),
            (
                3,
                "<38>Oct  5 04:00:10 gw7 sshd[9]: message repeated 2 times: [ \(text)]"
            ),
            (4, "<38>Oct  5 04:00:11 gw6 last message repeated 3 times"),
        ]
        let events = Self.events(lines)
        #expect(events.count { $0.contains("login failure") } == 1 + 3 + 2)
        #expect(events.count { $0.contains("2026-10-05T04:00:09Z") && $0.contains("ext.records=0 2") } == 3)
        #expect(events.count { $0.contains("host.name=gw7") && $0.contains("user.name=root") } == 2)
        let many = Self.events([lines[0], (2, "<38>Oct  5 04:00:09 gw9 last message repeated 99999 times")])
        #expect(many.count == 2 + 32 && many.last?.contains("decode_truncated") == true)
    }

    @Test func `an originator's software is reported when it is news`() {
        func line(_ version: String) -> Line {
            (
                0,
                "<38>1 2026-10-05T04:00:00Z p9 pumpd 1 - [origin ip=\"10.9.0.7\" software=\"pumpd\" "
                    + "swVersion=\"\(version)\"][timeQuality isSynced=\"0\"]"
                    + "[meta sequenceId=\"7\"] up"
            )
        }
        let events = Self.events([line("1.2"), line("1.2"), line("1.3")])
        #expect(events.count == 5)
        #expect(events[0].contains("clock_unsynchronised") && events[0].contains("ext.meta.sequenceId=7"))
        #expect(events[1].contains("update version_report success") && events[1].contains("software.to=1.2"))
        #expect(
            events[4].contains("software.name=pumpd; software.to=1.3")
                && events[4].contains("host.ip=10.9.0.7")
        )
    }

    /// A mix of all that is joined, with other records between.
    private static func story() -> [Line] {
        var lines: [Line] = []
        for round in 0..<6 {
            let id = "00000000\(20 + round)"
            for (number, piece) in segments.enumerated() where round != 3 || number != 1 {
                lines.append((round * 4, piece.text.replacing("0000000077", with: id)))
                lines.append((round * 4, "<13>Oct  5 04:00:00 h\(round) a: filler \(number)"))
            }
            lines.append((round * 4, "<38>Oct  5 04:00:00 h\(round) last message repeated 2 times"))
            for line in AuditGroupTests.records(serial: 90 + round) where round != 2 {
                lines.append((round * 4, line))
            }
        }
        return lines
    }

    @Test(arguments: [1, 2, 3, 7, 16]) func `events do not depend on the cut of batches`(size: Int) {
        let whole = Self.events(Self.story())
        #expect(whole.count > 40 && Self.events(Self.story(), size: size) == whole)
    }

    @Test func `decoding that begins in the middle gives the same events behind what it was shown`() {
        let lines = Self.story()
        let whole = Self.events(lines)
        for first in stride(from: 1, to: lines.count, by: 5) {
            let later = whole.filter { Int($0.prefix { $0 != "." }) ?? 0 >= first }
            #expect(Self.events(lines, from: first) == later, "from \(first)")
        }
    }

    @Test func `a decoder that forgets between batches fails`() {
        // The planted mutant: each record is decoded without those before it.
        let lines = Self.story()
        let forgetful = lines.indices.flatMap { Self.events([lines[$0]]) }
        #expect(forgetful.count != Self.events(lines).count)
    }
}
