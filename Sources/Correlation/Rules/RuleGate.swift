// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Which rules an event can match at all, told without trying one.
///
/// The header rules most of them out by three table look-ups. What is left of them must find one of its
/// ``RuleNeed``s: all texts of all rules on a field share one pass over its value.
struct RuleGate: Sendable {
    /// By raw value of a part of the header, the rules whose tests of it alone do not rule the event out.
    private var byAction: [RuleBits]
    private var byClass: [RuleBits]
    private var byOutcome: [RuleBits]
    /// Rules of which no need is known.
    private var needless: RuleBits
    private let empty: RuleBits
    /// Rules of a product that may match what lacks all of their fields, if it comes from that product.
    private var sourced: [(number: Int, product: String)] = []
    /// Rules that some decoders rule out: they name a product, or test the decoder.
    private var choosy: [(number: Int, product: String?, test: CompiledSearch)] = []
    private var fields: [FieldNeeds] = []
    /// What `fields` is made of while rules are added.
    private var drafts: [FieldNeeds.Draft] = []
    /// Numbers in `fields` by the number of the field; -1 for none.
    private var knownFields: [Int16]
    private var namedFields: [String: Int16] = [:]
    /// Needs that any field can fill; -1 for none.
    private var anyField: Int16 = -1

    /// A gate for `rules`.
    ///
    /// - Parameter asksSource: Whether an event of which nobody knows the product must have a field that a
    ///   rule for a product reads: `not` alone makes no line of anybody one of that product.
    init(_ rules: [DetectionRule], asksSource: Bool = true) {
        empty = RuleBits(count: rules.count)
        needless = empty
        byAction = Array(repeating: empty, count: 256)
        byClass = byAction
        byOutcome = byAction
        knownFields = Array(repeating: -1, count: Int(FieldID.firstExtension))
        for (number, rule) in rules.enumerated() {
            let product = rule.definition.logsource["product"]
            if product != nil || rule.test.fields.contains(.envelope(.decoder)) {
                choosy.append((number, product, rule.test))
            }
            let actions = rule.accepted(.action)
            let classes = rule.accepted(.eventClass)
            let outcomes = rule.accepted(.outcome)
            for byte in 0..<256 {
                if actions?[UInt8(byte)] ?? true { byAction[byte].insert(number) }
                if classes?[UInt8(byte)] ?? true { byClass[byte].insert(number) }
                if outcomes?[UInt8(byte)] ?? true { byOutcome[byte].insert(number) }
            }
            if let needs = RuleNeed.any(of: rule.test) {
                for need in needs { add(need, number) }
            } else if asksSource, let product = product?.lowercased(), LogSource.products.contains(product) {
                sourced.append((number, product))
                for field in rule.test.fields { add(.present(field), number) }
            } else {
                needless.insert(number)
            }
        }
        fields = drafts.map(FieldNeeds.init)
        drafts = []
    }

    private mutating func add(_ need: RuleNeed, _ rule: Int) {
        let field =
            switch need {
            case .present(let field), .whole(let field, _), .inside(let field, _), .number(let field, _):
                field
            }
        for source in field.sources {
            let place = place(of: source)
            guard place >= 0 else {
                needless.insert(rule)
                continue
            }
            drafts[place].add(need, rule)
        }
    }

    private mutating func place(of field: RuleField) -> Int {
        func made(_ found: Int16?) -> Int16 {
            if let found, found >= 0 { return found }
            drafts.append(FieldNeeds.Draft(empty))
            return Int16(drafts.count - 1)
        }
        switch field {
        case .known(let known):
            knownFields[Int(known.rawValue)] = made(knownFields[Int(known.rawValue)])
            return Int(knownFields[Int(known.rawValue)])
        case .named(let name):
            let found = made(namedFields[name])
            namedFields[name] = found
            return Int(found)
        case .any:
            anyField = made(anyField)
            return Int(anyField)
        case .envelope, .joined, .either: return -1
        }
    }

    /// Needs of each field of a batch, by the number of the field; -1 for none.
    func places(_ extensionNames: [String]) -> [Int16] {
        knownFields + extensionNames.map { namedFields[$0] ?? -1 }
    }

    /// Whether it matters which decoder an event is of.
    var asksDecoder: Bool { !choosy.isEmpty }

    /// The rules that events of a decoder may match whatever fields they have, since it reads lines of their
    /// product; nil if there is none.
    func own(of decoder: String) -> RuleBits? {
        var own: RuleBits?
        for rule in sourced where LogSource.holds(product: rule.product, decoder: decoder) {
            own = own ?? empty
            own?.insert(rule.number)
        }
        return own
    }

    /// The rules that cannot match events of a decoder; nil if there is none.
    func foreign(to decoder: String) -> RuleBits? {
        var foreign: RuleBits?
        for rule in choosy
        where !LogSource.mayHold(product: rule.product, decoder: decoder)
            || !rule.test.mayMatch(decoder: decoder)
        {
            foreign = foreign ?? empty
            foreign?.insert(rule.number)
        }
        return foreign
    }

    /// No rule.
    var none: RuleBits { empty }

    /// Rules that the header of `event` does not rule out, into `found`; false when there is none.
    func passHeader(_ event: Event, into found: inout RuleBits) -> Bool {
        found.replace(by: byAction[Int(event.action.rawValue)])
        found.formIntersection(byClass[Int(event.eventClass.rawValue)])
        found.formIntersection(byOutcome[Int(event.outcome.rawValue)])
        return !found.isEmpty
    }

    /// Leaves in `found` the rules of which event `index` of `batch` fills a need; false when none is left.
    ///
    /// - Parameters:
    ///   - places: ``places(_:)`` of the batch.
    ///   - own: ``own(of:)`` of its decoder.
    ///   - met: memory for the rules whose needs are met.
    func passNeeds(
        _ batch: EventBatch,
        _ index: Int,
        _ places: [Int16],
        own: RuleBits?,
        into found: inout RuleBits,
        met: inout RuleBits
    ) -> Bool {
        let event = batch.events[index]
        guard !fields.isEmpty else {
            found.formIntersection(needless)
            return !found.isEmpty
        }
        met.replace(by: needless)
        if let own { met.formUnion(own) }
        let bytes = batch.bytes.span
        let start = Int(event.fieldStart)
        for entry in start..<start + Int(event.fieldCount) {
            let field = batch.entries[entry].field
            let place = Int(places[Int(field.rawValue)])
            if place >= 0, found.intersects(fields[place].rules) {
                fields[place].collect(bytes, batch.entries[entry].range, &met)
            }
            if anyField >= 0, field.holdsKeywords, found.intersects(fields[Int(anyField)].rules) {
                fields[Int(anyField)].collect(bytes, batch.entries[entry].range, &met)
            }
        }
        found.formIntersection(met)
        return !found.isEmpty
    }
}

/// The needs of all rules on one field; an object, so that asking it copies nothing.
private final class FieldNeeds: Sendable {
    /// Needs as they are gathered.
    struct Draft: Sendable {
        var rules: RuleBits
        var present: RuleBits
        var whole: [UInt64: [Int32]] = [:]
        var wholeCountMax = -1
        var numbers: [Double: [Int32]] = [:]
        var texts: [[UInt8]: [Int32]] = [:]

        init(_ empty: RuleBits) {
            rules = empty
            present = empty
        }

        mutating func add(_ need: RuleNeed, _ rule: Int) {
            rules.insert(rule)
            let number = Int32(rule)
            switch need {
            case .present: present.insert(rule)
            case .whole(_, let text):
                whole[FieldNeeds.hash(text.span, text.indices), default: []].append(number)
                wholeCountMax = max(wholeCountMax, text.count)
            case .inside(_, let text): texts[text, default: []].append(number)
            case .number(_, let value): numbers[value, default: []].append(number)
            }
        }
    }

    /// Rules with a need here.
    let rules: RuleBits
    /// Rules that any value satisfies.
    private let present: RuleBits
    private let hasPresent: Bool
    /// Rules by hash of a whole value in lower case, and its length at most.
    private let whole: [UInt64: [Int32]]
    private let wholeCountMax: Int
    /// Rules by a number that they ask for.
    private let numbers: [Double: [Int32]]
    private let matcher: LiteralMatcher
    /// Rules of each text of `matcher`.
    private let rulesOfText: [[Int32]]

    init(_ draft: Draft) {
        rules = draft.rules
        present = draft.present
        hasPresent = !draft.present.isEmpty
        whole = draft.whole
        wholeCountMax = draft.wholeCountMax
        numbers = draft.numbers
        let sorted = draft.texts.keys.sorted { $0.lexicographicallyPrecedes($1) }
        matcher = LiteralMatcher(sorted)
        rulesOfText = sorted.map { draft.texts[$0] ?? [] }
    }

    /// Adds the rules to which the value is one that they need.
    func collect(_ bytes: Span<UInt8>, _ range: Range<Int>, _ met: inout RuleBits) {
        if hasPresent { met.formUnion(present) }
        if range.count <= wholeCountMax, let found = whole[FieldNeeds.hash(bytes, range)] {
            for rule in found { met.insert(Int(rule)) }
        }
        if !numbers.isEmpty, let number = RuleNumber(bytes.extracting(range)),
            let found = numbers[number.double]
        {
            for rule in found { met.insert(Int(rule)) }
        }
        guard !rulesOfText.isEmpty else { return }
        matcher.scan(bytes, range) { text, _ in
            for rule in rulesOfText[text] { met.insert(Int(rule)) }
        }
    }

    private static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash = StableHash()
        hash.combineFolded(bytes, range)
        return hash.value
    }
}
