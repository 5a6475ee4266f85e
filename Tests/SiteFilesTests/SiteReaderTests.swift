// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import SiteFiles
import Testing

/// Site files as people save them, and the faults they make in them.
struct SiteReaderTests {
    private static func apply(_ role: SiteRole, _ text: String, to site: inout Site) throws -> [String] {
        try SiteReader.apply(role: role, bytes: Array(text.utf8), file: "site/\(role.rawValue)", to: &site)
    }

    private static func location(_ role: SiteRole, _ text: String) -> String? {
        var site = Site()
        do {
            _ = try apply(role, text, to: &site)
            return nil
        } catch let error as WardlineError {
            return error.location
        } catch {
            return nil
        }
    }

    @Test(arguments: [
        "asset_id,mac,hostname\nA-1,00:11:22:33:44:55;00:11:22:33:44:56,ONE two\n",
        "\u{feff}hostname,asset_id,mac\r\n\"ONE;two\",\"A-1\",00:11:22:33:44:55 00:11:22:33:44:56\r\n",
        "asset_id,mac,hostname\nA-1,\"00:11:22:33:44:55\t00:11:22:33:44:56\",\"one\n\u{a0}two\"\n",
        "# \"quoted, and not closed\r\n \t# more\r\nasset_id,mac,hostname\r\n#,\"\r\n"
            + "A-1,00:11:22:33:44:55;00:11:22:33:44:56,one two\r\n# the end",
        "mac,hostname,asset_id\n\n# a remark\n00:11:22:33:44:55|00:11:22:33:44:56,one;Two,A-1",
    ])
    func `byte order marks, line ends, quotes and column order do not matter`(text: String) throws {
        var site = Site()
        #expect(try Self.apply(.assets, text, to: &site).isEmpty)
        let asset = try #require(site.assets.first)
        #expect(site.assets.count == 1)
        #expect(asset.id == "A-1")
        #expect(asset.macs.count == 2)
        #expect(asset.hostNames == ["one", "two"])
    }

    @Test func `a quoted value may begin like a remark`() throws {
        var site = Site()
        _ = try Self.apply(.assets, "asset_id,location\n\"#12\",Ward 4\n13,# 4\n", to: &site)
        #expect(site.assets.map(\.id) == ["#12", "13"])
        #expect(site.assets.map(\.location) == ["Ward 4", "# 4"])
    }

    @Test func `a column that nothing reads is a warning with its place`() throws {
        var site = Site()
        let warnings = try Self.apply(.assets, "asset_id,colour\nA-1,red\n", to: &site)
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("site/assets:1:10: ") == true)
    }

    @Test func `a file replaces what the earlier file of its role gave and nothing else`() throws {
        var site = Site()
        _ = try Self.apply(.assets, "asset_id\nA-1\nA-2\n", to: &site)
        _ = try Self.apply(.approved, "model,version\nX,1\n", to: &site)
        _ = try Self.apply(.assets, "asset_id\nB-1\n", to: &site)
        #expect(site.assets.map(\.id) == ["B-1"])
        #expect(site.approved.count == 1)
    }

    @Test func `a wrong file leaves the site as it was`() throws {
        var site = Site()
        _ = try Self.apply(.assets, "asset_id\nA-1\n", to: &site)
        #expect(throws: WardlineError.self) {
            _ = try Self.apply(.assets, "asset_id,mac\nB-1,\nB-2,nonsense\n", to: &site)
        }
        #expect(site.assets.map(\.id) == ["A-1"])
    }

    @Test(arguments: [
        (SiteRole.assets, "hostname\none\n", "site/assets:1:1"),
        (.assets, "", "site/assets:1:1"),
        (.assets, "asset_id,mac\nA-1,zz\n", "site/assets:2:5"),
        (.assets, "asset_id\nA-1\nA-1\n", "site/assets:3:1"),
        (.assets, "asset_id,asset_id\nA-1,A-1\n", "site/assets:1:10"),
        (.assets, "asset_id,phi\nA-1,maybe\n", "site/assets:2:5"),
        (.assets, "# one\r\n# two\nasset_id,phi\n# \"three\nA-1,maybe\n", "site/assets:5:5"),
        (.assets, "asset_id,location\nA-1,Ward 4, bed 2\n", "site/assets:2:12"),
        (.assets, "asset_id,location\nA-1,\"Ward 4\n", "site/assets:2:5"),
        (.bindings, "mac,ip,from\n00:11:22:33:44:55,10.0.0.300,2026-01-01T00:00:00Z\n", "site/bindings:2:19"),
        (
            .bindings, "mac,ip,from,to\n00:11:22:33:44:55,10.0.0.3,2026-01-02,2026-01-01\n",
            "site/bindings:2:39"
        ),
        (.approved, "model,version,sha256\nX,1,abc\n", "site/approved:2:5"),
    ])
    func `a fault is reported at its line and column`(role: SiteRole, text: String, place: String) {
        #expect(Self.location(role, text) == place)
    }

    @Test func `cut and mutated files never trap`() {
        let samples: [(SiteRole, String)] = [
            (.assets, "asset_id,mac,phi\nA-1,\"00:11:22:33:44:55\",Y\nA-2,,N\n"),
            (.bindings, "mac,ip,from,to\n00:11:22:33:44:55,10.0.0.3,2026-01-01T00:00:00Z,\n"),
            (.approved, "model,version\nX,\"1,\"\"2\"\n"),
            (.zones, #"{"version":"1","zones":[{"id":"a","cidr":["10.0.0.0/8"]}],"conduits":[]}"#),
            (.changes, #"{"change":"C","start":"2026-01-01T00:00:00Z","end":"2026-01-02T00:00:00Z"}"#),
        ]
        // Splitmix-like steps with a fixed seed, so that a failure repeats.
        var state: UInt64 = 20_261_123
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(max(limit, 1)))
        }
        var refusedCount = 0
        var readCount = 0
        for round in 0..<4_000 {
            let (role, text) = samples[round % samples.count]
            var bytes = Array(text.utf8)
            for _ in 0...next(4) where !bytes.isEmpty { bytes[next(bytes.count)] = UInt8(next(256)) }
            if next(4) == 0 { bytes = Array(bytes.prefix(next(bytes.count + 1))) }
            var site = Site()
            do {
                try SiteReader.apply(role: role, bytes: bytes, file: "f", to: &site)
                readCount += 1
            } catch {
                refusedCount += 1
                #expect(error.location.hasPrefix("f") == true)
            }
        }
        // Both outcomes must occur, or the mutations test nothing.
        #expect(refusedCount > 100)
        #expect(readCount > 10)
    }
}
