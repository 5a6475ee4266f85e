// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// From what a message shows at a glance to the decoders worth trying, in order of identifier.
struct RouteTable: Sendable {
    /// Application names and the decoders of each.
    private(set) var applications = NameTable()
    private(set) var byApplication: [[Int]] = []
    /// Application prefixes, few.
    private(set) var applicationPrefixes: [(prefix: [UInt8], decoder: Int)] = []
    /// Facilities of `%FACILITY-SEVERITY-CODE`.
    private(set) var facilities = NameTable()
    private(set) var byFacility: [[Int]] = []
    /// Decoders for facilities that nobody names.
    private(set) var anyFacility: [Int] = []
    /// Message codes; rules refer to their numbers.
    private(set) var codes = NameTable()
    /// Decoders by conditions on keys.
    private(set) var keyed: [(conditions: [SlotCondition], decoder: Int)] = []
    /// Decoders by vendor and product of CEF and LEEF.
    private(set) var products: [(vendor: TextTest, product: TextTest, decoder: Int)] = []
    /// Texts to find in bodies: selectors and keywords together.
    private(set) var literals: [[UInt8]] = []
    /// For each text, whether a word must begin and end there.
    private(set) var literalEdges: [(start: Bool, end: Bool)] = []
    /// Selecting texts and their decoders.
    private(set) var byLiteral: [(literal: Int, decoder: Int)] = []
    /// Decoders offered everything that is left.
    private(set) var fallback: [Int] = []
    /// Formats for which some decoder selects by key.
    private(set) var matcher = LiteralMatcher([])

    init() {}

    mutating func addApplication(_ name: String, _ decoder: Int) {
        if name.hasSuffix("*") {
            applicationPrefixes.append((Array(name.utf8.dropLast()), decoder))
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

    mutating func addKeyed(_ conditions: [SlotCondition], _ decoder: Int) {
        keyed.append((conditions, decoder))
    }

    mutating func addProduct(_ text: String, _ decoder: Int) {
        let parts = text.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        let product = parts.count > 1 ? parts[1] : "*"
        // Who names a vendor or product goes before who takes any.
        let isNamed = parts[0] != "*" || product != "*"
        let place =
            isNamed ? products.firstIndex { $0.vendor.kind == .present && $0.product.kind == .present } : nil
        products.insert(
            (TextTest(parts[0]), TextTest(product), decoder),
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

    /// The table with its matcher built and its lists in order.
    func finished() -> RouteTable {
        var result = self
        result.matcher = LiteralMatcher(literals)
        return result
    }

    private mutating func number(ofLiteral bytes: [UInt8], _ edges: (start: Bool, end: Bool)) -> Int {
        let same = literals.indices.first {
            literals[$0] == bytes && literalEdges[$0].start == edges.start
                && literalEdges[$0].end == edges.end
        }
        if let same { return same }
        literals.append(bytes)
        literalEdges.append(edges)
        return literals.count - 1
    }

    private static func add(_ name: String, _ decoder: Int, _ table: inout NameTable, _ lists: inout [[Int]])
    {
        let number = table.insert(name.lowercased())
        while lists.count <= number { lists.append([]) }
        if !lists[number].contains(decoder) { lists[number].append(decoder) }
    }
}
