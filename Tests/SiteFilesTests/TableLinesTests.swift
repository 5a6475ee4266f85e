// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Testing

/// Tables whose header and rows come as records of their own.
struct TableLinesTests {
    typealias Line = AssemblyTests.Line

    private static let header: Line = (0, "\"QID\",\"Title\",\"Severity\",\"Asset IPV4\",\"Status\"")
    private static let first: Line = (0, "\"1\",\"Weak cipher\",\"4\",\"10.44.9.33\",\"ACTIVE\"")
    private static let second: Line = (1, "\"2\",\"A \"\"quoted\"\" word\",\"3\",\"10.44.9.34\",\"FIXED\"")
    /// A row with a line end in its second cell.
    private static let parted: [Line] = [
        (1, "\"3\",\"Output:"), (1, "Install: 7 packages, of them"), (1, ""),
        (1, "two\",\"5\",\"10.44.9.35\",\"NEW\""),
    ]

    private static func wrap(_ line: Line, host: String = "vm9", app: String = "qualys") -> Line {
        (line.second, "<134>Oct  5 04:00:00 \(host) \(app): \(line.text)")
    }

    @Test func `rows behind a header give what they give in one record`() {
        for lines in [
            [Self.header, Self.first, Self.second],
            [Self.header, Self.first, Self.second].map { Self.wrap($0) },
        ] {
            let events = AssemblyTests.events(lines)
            #expect(events.count == 3)
            #expect(events[0].contains("update status_report") && !events[0].contains("undecoded"))
            #expect(
                events[1].contains("update vulnerability unknown") && events[1].contains("src.ip=10.44.9.33")
            )
            #expect(events[1].contains("ext.artefact=Weak cipher") && events[1].contains("vendor.code=1"))
            #expect(events[2].contains("vulnerability success") && events[2].contains("A \"quoted\" word"))
        }
    }

    @Test func `a row that line ends cut in pieces is one event that cites them`() {
        let events = AssemblyTests.events([Self.header] + Self.parted + [Self.first])
        #expect(events.count == 6)
        #expect(events[1].contains("update status_report") && events[1].contains("fragment"))
        // The line in the middle looks like one of apt; within the cell it is none.
        #expect(events[2].contains("update status_report") && events[2].contains("fragment"))
        #expect(events[4].contains("vulnerability") && events[4].contains("ext.records=1 2 3 4"))
        #expect(events[4].contains("ext.artefact=Output:\nInstall: 7 packages, of them\n\ntwo"))
        #expect(events[4].contains("src.ip=10.44.9.35"))
        #expect(events[5].contains("vulnerability") && events[5].contains("src.ip=10.44.9.33"))
    }

    @Test func `a row is known only from who sent the header`() {
        let strangers = [Self.wrap(Self.first, host: "vm8"), Self.wrap(Self.first, app: "other"), Self.first]
        for line in strangers {
            let events = AssemblyTests.events([Self.wrap(Self.header), line])
            #expect(events[1].contains("undecoded") && !events[1].contains("vulnerability"), "\(line.text)")
        }
    }

    @Test func `a header counts for as many records as are remembered`() {
        for (distance, isKnown) in [(4_096, true), (4_097, false)] {
            let between = Array(
                repeating: (second: 0, text: "<134>Oct  5 04:00:00 h1 a: x"),
                count: distance - 1
            )
            let events = AssemblyTests.events([Self.header] + between + [Self.first], size: 1_000)
            #expect(events.last?.contains("vulnerability") == isKnown, "\(distance)")
        }
    }

    @Test func `other lines of the sender are decoded as ever`() {
        let login: Line = (
            0, "<38>Oct  5 04:00:00 vm9 sshd[1]: Accepted password for m.weber from 10.0.0.1 port 22 ssh2"
        )
        let events = AssemblyTests.events([Self.header, login, Self.wrap(Self.first)])
        #expect(events[1].contains("access login success"))
        #expect(!events[2].contains("vulnerability"))
    }

    @Test func `a quote that nothing closes costs one row`() {
        let broken: Line = (0, "\"3\",\"Output,5,10.44.9.35,NEW")
        let events = AssemblyTests.events([Self.header, broken, Self.first, Self.second])
        #expect(events.count { $0.contains("vulnerability") && !$0.contains("fragment") } == 2)
        #expect(events[2].hasPrefix("2.0") && events[2].contains("fragment"))
        #expect(events[2].contains("ext.artefact=Output,5,10.44.9.35,NEW"))
        // A piece that comes too late belongs to no row.
        let late: Line = (7, Self.parted[3].text)
        let rows = AssemblyTests.events([Self.header, Self.parted[0], late])
        #expect(!rows.contains { $0.contains("src.ip=10.44.9.35") })
    }

    @Test func `a cell longer than what is kept leaves the cells behind it`() {
        let long = (0..<40).map { _ in (second: 1, text: String(repeating: "x", count: 2_048)) }
        let events = AssemblyTests.events([Self.header, Self.parted[0]] + long + [Self.parted[3]])
        let last = events.last ?? ""
        #expect(last.contains("vulnerability") && last.contains("decode_truncated"))
        #expect(last.contains("src.ip=10.44.9.35"))
    }

    @Test func `rows of an extended log follow the names above them`() {
        let events = AssemblyTests.events([
            (0, "#Fields: time c-ip cs-method  sc-status cs-username"),
            (0, "04:00:01 10.44.3.9 GET 401 \"m weber\""),
            (0, "#Fields: c-ip sc-status"), (0, "10.44.3.10 200"),
            // As many words as the row has cells, and no status among them.
            (0, "anacron[7]: started"),
        ])
        #expect(events[0].contains("network status_report"))
        #expect(events[1].contains("network connect failure") && events[1].contains("src.ip=10.44.3.9"))
        #expect(events[1].contains("user.name=m weber"))
        #expect(events[3].contains("network connect success") && events[3].contains("src.ip=10.44.3.10"))
        #expect(!events[4].contains("network") && events[4].contains("anacron"))
    }

    @Test(arguments: [1, 2, 3, 7])
    func `the cut of batches and the place where reading begins do not matter`(size: Int) {
        let lines = [Self.header, Self.first] + Self.parted + [Self.second] + Self.parted + [Self.first]
        let whole = AssemblyTests.events(lines)
        #expect(AssemblyTests.events(lines, size: size) == whole)
        for first in stride(from: 1, to: lines.count, by: 2) {
            let rest = AssemblyTests.events(lines, size: size, from: first)
            #expect(rest == Array(whole.suffix(rest.count)) && rest.count == lines.count - first)
        }
    }
}
