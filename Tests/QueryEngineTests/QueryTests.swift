// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import QueryEngine

@Suite struct QueryTests {
    @Test(
        arguments: [
            ("", [0, 1, 2, 3]), ("  ", [0, 1, 2, 3]), ("*", [0, 1, 2, 3]),
            ("class:access", [0]), ("CLASS:Access", [0]), ("event.class:(access or update)", [0, 2]),
            ("event.action:login", [0]), ("action:(login or deny)", [0, 1]), ("not class:access", [1, 2, 3]),
            ("class:unclassified", [3]), ("class:*", [0, 1, 2]), ("outcome:*", [0, 1]),
            ("user.name:jsmith*", [0]), ("user.name:J?mith-ad", [0]), ("user.name:\"jsmith*\"", []),
            ("user.name:*", [0, 2]), ("user:biomed", [2]), ("user.name:jsmith", []),
            ("host.name:(pacs* or fw-core) and not class:network", [0]),
            ("host.name:(not pacs*)", [1, 2, 3]), ("host.name:(*-* and not pacs*)", [1, 2]),
            ("source.ip:10.20.0.0/16", [1]), ("src.ip:10.99.4.18", [0]), ("src.ip:::ffff:10.99.4.18", [0]),
            ("ip:10.40.3.112", [1]), ("src.ip:10.99.*", [0]), ("10.20.0.0/16", [1]),
            ("src.ip:[10.20.0.0 to 10.20.255.255]", [1]), ("src.ip > 10.20.7.31", [0]),
            ("src.ip:{10.20.7.31 to *]", [0]), ("src.ip:[10.20.7.31 to *]", [0, 1]),
            ("dst.port:443", [1]), ("dst.port > 442", [1]), ("dst.port:>443", []),
            ("dst.port:[400 to 443}", []),
            ("bytes > 1mb", [1]), ("bytes > 2mb", []), ("network.bytes >= 1500000", [1]),
            ("bytes <= 1464KiB", []), ("bytes <= 1465KiB", [1]),
            ("src.zone != dst.zone", [1]), ("src.zone = dst.zone", []), ("user.name = user.target", [2]),
            ("software.to < software.from", [2]), ("software.from > 8.9.9", [2]), ("version:8.9.0", [2]),
            ("message:\"link down\"", [0]), ("message:password", [0]), ("\"LINK DOWN\"", [0]),
            ("8.9.0", [2]), ("login", [0]), ("jsmith imaging", []), ("jsmith or imaging", [0, 1]),
            ("issue:undecoded", [3]), ("issue:*", [2, 3]), ("issue:clock*", [2]), ("not issue:*", [0, 1]),
            ("severity:err", []), ("severity:warn", [1]), ("severity <= 4", [1, 3]),
            ("severity <= crit", [3]),
            ("severity:[2 to 4]", [1, 3]), ("severity:*", [0, 1, 3]), ("flag:witness", [1]),
            ("decoder:linux.*", [0]), ("decoder:*", [0, 1, 2]), ("offset:11", [1]), ("offset >= 12", [2, 3]),
            ("ext.flow_id:88F1", [1]), ("\"ext.flow_id\":88f1", [1]), ("\"ext.Flow_ID\" != x", [1]),
            ("\"ext.flow id\":*", []), ("bytes >= 1.5e6", [1]), ("bytes > -1", [1]),
            ("dst.port <= 443.0", [1]), ("flow_id:88f1", [1]), ("ext.nothing:*", []),
            ("not ext.nothing:*", [0, 1, 2, 3]),
            ("@time >= 2026-03-14T06:00:00Z", [1, 2, 3]), ("@time < 2026-03-14T06:00:00Z", [0]),
            ("@time:[\"1h ago\" to \"30min ago\"]", [0, 1]), ("@device_time:*", []), ("@time > now", []),
            ("user.name != biomed", [0]), ("user.name = biomed", [2]), ("class != access", [1, 2]),
            ("message:\\(thing\\)", [3]), ("\"(thing)\"", [3]), ("message:\"*star*\"", [3]),
            ("\\\"quoted\\\"", [3]),
            ("message:100%", [3]), ("(class:access or class:network) and host.name:fw*", [1]),
            ("class:access or class:network and host.name:nothing", [0]), ("not not class:access", [0]),
            ("device:infpump-3w-112", [2]), ("entity:10.40.3.112", [1]), ("zone:imaging", [1]),
            ("zone:none", []),
            ("host.name:\"pacs-ws-07\"", [0]), ("notclass", []), ("order", []), ("class:access(fw)", []),
        ] as [(String, [Int])]
    )
    func `a query selects exactly these events`(text: String, expected: [Int]) throws {
        #expect(try Fixture.matches(text) == expected)
    }

    @Test(
        arguments: [
            ("class:", 7, "value of `class` is missing"), ("class:(access", 7, "not closed"),
            ("(class:access", 1, "not closed"), ("class:access)", 13, "closes nothing"),
            ("\"abc", 1, "quotation is not closed"), ("and x", 1, "`and` has nothing before it"),
            ("or", 1, "`or` has nothing before it"), ("x or", 5, "a term is missing"),
            ("not", 4, "a term is missing"),
            ("x and )", 7, "a term is missing before `)`"), ("a | stats count()", 3, "pipes"),
            ("src.ip:10.20.0.1/16", 8, "not an address prefix"), ("dst.port > *", 12, "wildcard"),
            ("dst.port:[1 2]", 12, "`to` is missing"), ("dst.port:[1 to 2", 10, "range is not closed"),
            ("@time > yesteryear", 9, "no date or time"), ("class:(access network)", 15, "side by side"),
            ("abc\\", 1, "nothing follows the backslash"), ("é class:(", 10, "value of `class` is missing"),
            ("x]", 2, "cannot stand here"),
        ])
    func `an error points at its column`(text: String, column: Int, words: String) {
        let error = #expect(throws: QueryError.self) { try Fixture.query(text) }
        #expect(error?.column == column, "\(text): \(error?.description ?? "")")
        #expect(error?.message.contains(words) == true, "\(text): \(error?.message ?? "")")
        #expect(error?.hint.isEmpty == false)
    }

    @Test func `the drawn error has its caret under the column`() {
        let error = QueryError("é and (x", at: 7, "`(` is not closed", hint: "add `)`")
        #expect(error.description == "column 7: `(` is not closed\n  é and (x\n        ^\nadd `)`")
    }

    @Test(
        arguments: [
            ("usr.name:x", 1, "did you mean `user.name`?"),
            ("device.clas:x", 1, "did you mean `device.class`?"),
            ("class:acess", 7, "did you mean `access`?"), ("issue:bad_utf", 7, "did you mean `bad_utf8`?"),
            ("é zzzqqq:1", 3, "`ext.zzzqqq` is searched instead"),
            ("action:logn", 8, "did you mean `login`?"),
        ])
    func `an unknown field or value is a warning with the nearest one`(
        text: String,
        column: Int,
        words: String
    ) throws {
        let query = try Fixture.query(text)
        #expect(query.warnings.count == 1)
        #expect(query.warnings.first?.column == column)
        #expect(query.warnings.first?.message.contains(words) == true, "\(query.warnings)")
    }

    @Test(arguments: [
        "src.ip:1.2.3.4", "ext.anything:1", "fe80::1", "00:1b:21:aa:bb:cc", "host.name:a", "app:x",
    ])
    func `a known field and an address with colons give no warning`(text: String) throws {
        #expect(try Fixture.query(text).warnings.isEmpty)
    }

    @Test func `reviews are asked for by class`() throws {
        #expect(try Fixture.query("class:review and user:x").asksForReviews)
        #expect(try !Fixture.query("class:access").asksForReviews)
        #expect(try Fixture.query("class:review").warnings.isEmpty)
        #expect(try Fixture.query("rule:x and class:review and level:low").warnings.isEmpty)
        #expect(try Fixture.query("rule:x").warnings.count == 1)
        for text in ["class:review", "class:review and user:x", "(class:review) and not user:x"] {
            #expect(try Fixture.query(text).findsOnlyReviews, "\(text)")
        }
        for text in ["class:review or class:access", "not class:review", "class:(review or access)", "x"] {
            #expect(try !Fixture.query(text).findsOnlyReviews, "\(text)")
        }
    }

    @Test(
        arguments: [
            ("8.9", "8.10", -1), ("3.14", "3.2", 1), ("97.00", "97", 0), ("-5", "0", -1), ("1e3", "1000", 0),
            ("-3.5", "-3.25", -1), ("v8.3", "8.3", 0), ("8.0", "8", 0), ("1.2.3", "1.2", 1), ("10", "9", 1),
            ("1.5e3", "1499.9", 1), ("7", "x", nil), ("18446744073709551616", "18446744073709551617", -1),
        ] as [(String, String, Int?)]
    )
    func `values have one order, that of versions where both have a point`(
        _ one: String,
        _ other: String,
        _ wanted: Int?
    ) {
        let (left, right) = (Array(one.utf8), Array(other.utf8))
        #expect(NaturalOrder.compare(left, left.indices, right, right.indices) == wanted)
        #expect(NaturalOrder.compare(right, right.indices, left, left.indices) == wanted.map { -$0 })
    }

    @Test(arguments: [(Query.depthMax - 1, true), (Query.depthMax, true), (Query.depthMax + 1, false)])
    func `nesting is bounded`(depth: Int, isAccepted: Bool) {
        let text = String(repeating: "(", count: depth) + "x" + String(repeating: ")", count: depth)
        #expect(((try? Fixture.query(text)) != nil) == isAccepted)
        let negated = String(repeating: "not ", count: depth) + "x"
        #expect(((try? Fixture.query(negated)) != nil) == isAccepted)
    }

    @Test(arguments: [(Query.testCountMax, true), (Query.testCountMax + 1, false)])
    func `the number of tests is bounded`(count: Int, isAccepted: Bool) {
        let text = Array(repeating: "x", count: count).joined(separator: " ")
        #expect(((try? Fixture.query(text)) != nil) == isAccepted)
    }

    @Test func `a query longer than the limit is refused`() {
        #expect((try? Fixture.query(String(repeating: "x", count: Query.lengthMax))) != nil)
        #expect((try? Fixture.query(String(repeating: "x", count: Query.lengthMax + 1))) == nil)
    }

    @Test func `assets and zones come from the resolver`() throws {
        let resolver = FixedResolver()
        #expect(try Fixture.matches("entity:PUMP-112", resolver: resolver) == [1, 2])
        #expect(try Fixture.matches("device.class:infusion_pump and class:update", resolver: resolver) == [2])
        #expect(try Fixture.matches("device.class:\"infusion pump\"", resolver: resolver) == [1, 2])
        #expect(try Fixture.matches("zone:remote", resolver: resolver) == [0])
        #expect(try Fixture.matches("src.zone:remote", resolver: resolver) == [0])
        #expect(try Fixture.matches("src.zone:imaging", resolver: resolver) == [1])
        #expect(try Fixture.query("zone:x").needsResolver)
        #expect(try !Fixture.query("class:access and x").needsResolver)
    }

    @Test func `parsing never traps on random bytes`() {
        var random = SplitMix64(seed: 41)
        let letters = Array("ab:()[]{}\"\\*?<>=!@. ortandnot|é\u{0}1/".unicodeScalars)
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int(random.next() % 24) {
                text.unicodeScalars.append(letters[Int(random.next() % UInt64(letters.count))])
            }
            if let query = try? Fixture.query(text) {
                _ = QueryPredicate(query, for: Fixture.batch).matches(0)
            }
        }
    }
}

/// Knows one pump and one zone.
private final class FixedResolver: EntityResolver {
    func participants(of index: Int, in batch: EventBatch) -> [EntityFacts] {
        guard
            batch.text(.targetIP, in: index) == "10.40.3.112"
                || batch.text(.hostName, in: index) == "infpump-3w-112"
        else { return [] }
        return [
            EntityFacts(
                id: "pump-112",
                names: ["SN-1"],
                type: "infusion pump",
                manufacturer: "Acme",
                model: "P",
                zone: "infusion"
            )
        ]
    }

    func identifiers(where accepts: (EntityFacts) -> Bool) -> EntityIdentifiers { EntityIdentifiers() }

    func zone(of address: IPAddress) -> String? { address == IPAddress("10.99.4.18") ? "remote" : nil }
}

/// A seeded generator: the same numbers for the same seed.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
}
