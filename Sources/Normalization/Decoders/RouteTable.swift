// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// What a message is offered to in one step: the trie of text decoders, or one decoder of another kind.
struct RouteOffer: Sendable {
    /// First step of the trie; -1 for a decoder that reads the body itself.
    var entry: Int32
    /// The decoder, or the first of those in the trie.
    var decoder: Int32
}

/// What leads a JSON or XML body to a decoder.
struct KeyedRoute: Sendable {
    /// In `conditions`; all must hold.
    var conditions: TablePart
    var decoder: Int32
    /// A slot that must have a value, the one that fewest other routes ask for; -1 when there is none.
    var required: Int32 = -1
}

/// From what a message shows at a glance to the decoders worth trying, in order of identifier.
struct RouteTable: Sendable {
    /// Application names; decoders of each until the table is finished, offers from then on.
    private(set) var applications = NameTable()
    private var byApplication: [[Int]] = []
    private(set) var applicationOffers: [TablePart] = []
    /// Application prefixes in lower case, few.
    private var prefixes: [(prefix: [UInt8], decoder: Int)] = []
    private(set) var applicationPrefixes: [(prefix: TablePart, offers: TablePart)] = []
    /// For each byte, in lower case, the prefixes that a name may have that begins with it, in `numbers`.
    private(set) var prefixPlaces: [TablePart] = []
    /// Facilities of `%FACILITY-SEVERITY-CODE`.
    private(set) var facilities = NameTable()
    private var byFacility: [[Int]] = []
    private(set) var facilityOffers: [TablePart] = []
    /// Decoders for facilities that nobody names.
    private var anyFacility: [Int] = []
    private(set) var anyFacilityOffers = TablePart()
    /// Message codes; rules refer to their numbers.
    private(set) var codes = NameTable()
    /// Decoders by conditions on keys.
    private(set) var keyed: [KeyedRoute] = []
    /// Those whose objects carry lines of other programs, by their places in `keyed`.
    private(set) var carriers: [Int32] = []
    /// For each slot the routes that are not looked at without it, by their places in `keyed`, in `numbers`.
    private(set) var keyedBySlot: [TablePart] = []
    /// Routes that no slot leads to, in `numbers`.
    private(set) var keyedAlways = TablePart()
    /// Decoders by vendor and product of CEF and LEEF.
    private(set) var products: [(vendor: TextTest, product: TextTest, decoder: Int)] = []
    /// Texts to find in bodies: selectors and keywords together.
    private(set) var literals: [[UInt8]] = []
    private var literalNumbers: [LiteralKey: Int] = [:]
    /// For each text, whether a word must begin and end there.
    private(set) var literalEdges: [(start: Bool, end: Bool)] = []
    /// Selecting texts and their decoders.
    private var byLiteral: [(literal: Int, decoder: Int)] = []
    /// For each text the decoders that it selects, in `numbers`.
    private(set) var literalDecoders: [TablePart] = []
    /// Decoders offered everything that is left; the built-in last resorts are known by their own list.
    private(set) var fallback: [Int] = []
    private(set) var fallbackOffers = TablePart()
    /// The offer of each decoder alone.
    private(set) var own: [RouteOffer] = []
    private(set) var offers: [RouteOffer] = []
    private(set) var numbers: [Int32] = []
    private(set) var texts: [UInt8] = []
    private(set) var matcher = LiteralMatcher([])

    private struct LiteralKey: Hashable, Sendable {
        var text: [UInt8]
        var startsWord: Bool
        var endsWord: Bool
    }

    init() {}

    mutating func addApplication(_ name: String, _ decoder: Int) {
        if name.hasSuffix("*") {
            prefixes.append((Array(name.utf8.dropLast()).map(\.folded), decoder))
            return
        }
        RouteTable.add(name, decoder, &applications, &byApplication)
    }

    mutating func addFacility(_ name: String, _ decoder: Int) {
        if name == "*" {
            anyFacility.append(decoder)
        } else {
            RouteTable.add(name, decoder, &facilities, &byFacility)
        }
    }

    mutating func addCode(_ code: String) -> Int { codes.insert(code) }

    mutating func addKeyed(_ conditions: TablePart, _ decoder: Int, carries: Bool) {
        if carries { carriers.append(Int32(keyed.count)) }
        keyed.append(KeyedRoute(conditions: conditions, decoder: Int32(decoder)))
    }

    mutating func addProduct(_ text: String, _ decoder: Int, _ tables: inout RuleTables) {
        let parts = text.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        let product = parts.count > 1 ? parts[1] : "*"
        // Who names a vendor or product goes before who takes any.
        let isNamed = parts[0] != "*" || product != "*"
        let place =
            isNamed ? products.firstIndex { $0.vendor.kind == .present && $0.product.kind == .present } : nil
        products.insert(
            (TextTest(parts[0], &tables), TextTest(product, &tables), decoder),
            at: place ?? products.count
        )
    }

    mutating func addLiteral(_ text: String, _ decoder: Int) {
        byLiteral.append((number(ofLiteral: Array(text.utf8).map(\.folded), (false, false)), decoder))
    }

    mutating func addFallback(_ decoder: Int) { fallback.append(decoder) }

    /// The number of a keyword; `*` at an end frees that end from the edge of a word.
    mutating func keyword(_ text: String) -> Int {
        var bytes = Array(text.utf8).map(\.folded)
        var edges = (start: true, end: true)
        if bytes.count > 1, bytes.first == 0x2a {
            bytes.removeFirst()
            edges.start = false
        }
        if bytes.count > 1, bytes.last == 0x2a {
            bytes.removeLast()
            edges.end = false
        }
        edges.start = edges.start && bytes.first?.isWordByte == true
        edges.end = edges.end && bytes.last?.isWordByte == true
        return number(ofLiteral: bytes, edges)
    }

    /// Builds what is looked up for each record; `offer` gives the offers of a list of decoders.
    mutating func finish(
        decoderCount: Int,
        conditions: [SlotCondition],
        _ offer: ([Int]) -> [RouteOffer]
    ) {
        requireSlots(conditions)
        for decoder in 0..<decoderCount { own += offer([decoder]) }
        func part(_ decoders: [Int]) -> TablePart {
            RuleTables.add(offer(decoders), to: &offers)
        }
        applicationOffers = byApplication.map(part)
        for (prefix, decoder) in prefixes {
            let text = RuleTables.add(prefix, to: &texts)
            applicationPrefixes.append((text, part([decoder])))
        }
        placePrefixes()
        facilityOffers = byFacility.map(part)
        anyFacilityOffers = part(anyFacility)
        fallbackOffers = part(fallback)
        var selected = [[Int32]](repeating: [], count: literals.count)
        for (literal, decoder) in byLiteral { selected[literal].append(Int32(decoder)) }
        literalDecoders = selected.map { RuleTables.add($0, to: &numbers) }
        matcher = LiteralMatcher(literals)
        literalNumbers = [:]
    }

    /// A prefix that names a folder is one of the whole name, whatever that begins with.
    private mutating func placePrefixes() {
        for byte in UInt8.min ... .max {
            let places = prefixes.indices.filter { index in
                let prefix = prefixes[index].prefix
                return prefix.first.map { $0 == byte } ?? true || prefix.contains(0x2f)
            }
            prefixPlaces.append(RuleTables.add(places.map { Int32($0) }, to: &numbers))
        }
    }

    /// Chooses for each keyed route the slot without which it is not looked at.
    private mutating func requireSlots(_ conditions: [SlotCondition]) {
        let asked = keyed.map { route in
            Set(route.conditions.range.filter { !conditions[$0].acceptsMissing }.map { conditions[$0].slot })
        }
        var counts: [Int32: Int] = [:]
        for slot in asked.joined() { counts[slot, default: 0] += 1 }
        for (route, slots) in asked.enumerated() {
            let rarest = slots.min { (counts[$0] ?? 0, $0) < (counts[$1] ?? 0, $1) }
            keyed[route].required = rarest ?? -1
        }
        var led: [[Int32]] = []
        var always: [Int32] = []
        for (number, route) in keyed.enumerated() {
            guard route.required >= 0 else {
                always.append(Int32(number))
                continue
            }
            while led.count <= Int(route.required) { led.append([]) }
            led[Int(route.required)].append(Int32(number))
        }
        keyedBySlot = led.map { RuleTables.add($0, to: &numbers) }
        keyedAlways = RuleTables.add(always, to: &numbers)
    }

    private mutating func number(ofLiteral bytes: [UInt8], _ edges: (start: Bool, end: Bool)) -> Int {
        let key = LiteralKey(text: bytes, startsWord: edges.start, endsWord: edges.end)
        if let known = literalNumbers[key] { return known }
        literals.append(bytes)
        literalEdges.append(edges)
        literalNumbers[key] = literals.count - 1
        return literals.count - 1
    }

    private static func add(_ name: String, _ decoder: Int, _ table: inout NameTable, _ lists: inout [[Int]])
    {
        let number = table.insert(name.lowercased())
        while lists.count <= number { lists.append([]) }
        if !lists[number].contains(decoder) { lists[number].append(decoder) }
    }
}
