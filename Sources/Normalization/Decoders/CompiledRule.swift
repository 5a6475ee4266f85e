// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Where a value goes.
enum FieldTarget: Hashable, Sendable {
    /// A fixed field.
    case known(FieldID)
    /// A field by its place in `DecoderSet.extensionNames`.
    case named(Int)
    case action
    case outcome
    case eventClass
    /// Event time, when the header has none.
    case time
    /// Nowhere: only conditions and maps read it.
    case local

    /// Whether the field holds sentences, which keep their punctuation.
    var isProse: Bool { self == .known(.message) || self == .known(.reason) }
}

/// A part of one of the lists of ``RuleTables``.
struct TablePart: Sendable {
    var start: Int32 = 0
    var count: Int32 = 0

    var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    var isEmpty: Bool { count == 0 }
}

/// A constant field, or what a map makes of a value.
struct CompiledConstant: Sendable {
    var target: FieldTarget
    /// The value, in `texts`.
    var text: TablePart
    /// The number of an action, outcome or class.
    var number: UInt8 = 0
}

/// A field taken from the first slot that has a value.
struct CompiledField: Sendable {
    var target: FieldTarget
    /// Slots in order, in `numbers`.
    var slots: TablePart
}

/// A translation of the first slot that has a value.
struct CompiledMap: Sendable {
    var target: FieldTarget
    /// Slots in order, in `numbers`.
    var slots: TablePart
    /// What is accepted and what it becomes, in `entries`.
    var entries: TablePart
    /// What any other value becomes, in `constants`; nothing when empty.
    var otherwise: TablePart
}

/// One line of a map.
struct CompiledEntry: Sendable {
    var test: TextTest
    var constant: CompiledConstant
}

/// What an event says when its conditions hold.
struct CompiledCase: Sendable {
    /// In `conditions`; all must hold.
    var conditions = TablePart()
    var eventClass: EventClass?
    var action: Action?
    var outcome: Outcome?
    /// In `constants`.
    var constants = TablePart()
    /// In `fields`.
    var fields = TablePart()
}

/// Words to find, as numbers of the set's literal matcher, in `numbers`.
struct CompiledKeywords: Sendable {
    var all = TablePart()
    /// In `parts`: of each part at least one.
    var any = TablePart()
    var none = TablePart()
    var isEmpty = true
}

/// A pattern to find anywhere: the first word of its literal leads the search.
struct CompiledFind: Sendable {
    var start: Int32
    /// The literal in lower case, up to its first blank, in `texts`.
    var text: TablePart
    /// By which bytes it is looked for.
    var lead: LeadBytes
}

/// Markers for the value of one slot: per target, in order.
struct CompiledWithin: Sendable {
    var slot: Int32
    /// For each target a part of `finds`, in `parts`.
    var targets: TablePart
}

/// One rule, ready to run.
struct CompiledRule: Sendable {
    var decoder: Int32
    var hasPatterns = false
    var keywords = CompiledKeywords()
    /// In `finds`.
    var finds = TablePart()
    var base = CompiledCase()
    /// In `maps`.
    var maps = TablePart()
    /// In `cases`.
    var cases = TablePart()
    /// Code numbers that lead here, in `numbers`; empty: any.
    var codes = TablePart()
}

/// One decoder, ready to run.
struct CompiledDecoder: Sendable {
    var format: BodyFormat
    var isWitness: Bool
    var shared = CompiledCase()
    /// In `maps`.
    var maps = TablePart()
    /// Rules in order, as numbers of the set.
    var rules: Range<Int>
    /// Slots that are not kept as `ext.*`, in `numbers`.
    var dropped = TablePart()
    /// Slots of the columns (csv), in `numbers`.
    var columns = TablePart()
    var pairs = PairSeparation.blank
    /// Names by which the header row of a table is known (csv), as parts of `texts`, in `parts`; empty: the
    /// body is one row.
    var headerNames = TablePart()
    /// How its rows are written.
    var tableForm = TableForm.comma
    var takesXML = false
    /// Whether a kv decoder takes JSON bodies with the same keys, too.
    var takesJSON = false
    /// In `aliases`.
    var aliases = TablePart()
    /// The slot of the short name for each slot whose key lies below a path of the decoder, else -1, in
    /// `numbers`.
    var shortSlots = TablePart()
    /// Slots whose values are bodies of their own, in `numbers`.
    var inner = TablePart()
    /// In `joins`.
    var joins = TablePart()
    /// Searches in the values of keys, in `within`.
    var within = TablePart()
    /// In `carriers`; -1 for a decoder whose objects carry no lines.
    var carrier: Int32 = -1
    /// Whether this is one of the built-in last resorts, whose events stay undecoded.
    var isGeneric = false
    /// Slot of the array that gives one event per element; -1 for none.
    var explode: Int32 = -1
}

/// A slot that takes the value of the first of others.
struct CompiledAlias: Sendable {
    var slot: Int32
    /// In `numbers`.
    var sources: TablePart
}

/// A slot that takes the values of others, parted by a blank: `date+time`.
struct CompiledJoin: Sendable {
    var slot: Int32
    /// In `numbers`.
    var sources: TablePart
}

/// Where an object carries a line: slots in order, each in `numbers`.
struct CompiledCarrier: Sendable {
    var text = TablePart()
    var program = TablePart()
    var process = TablePart()
    var host = TablePart()
    var time = TablePart()
    var severity = TablePart()
}

/// The rules of a decoder set as flat lists of integers: what runs for each record touches no reference.
struct RuleTables: Sendable {
    var rules: [CompiledRule] = []
    var cases: [CompiledCase] = []
    var conditions: [SlotCondition] = []
    var tests: [TextTest] = []
    var constants: [CompiledConstant] = []
    var fields: [CompiledField] = []
    var maps: [CompiledMap] = []
    var entries: [CompiledEntry] = []
    var finds: [CompiledFind] = []
    var aliases: [CompiledAlias] = []
    var joins: [CompiledJoin] = []
    var within: [CompiledWithin] = []
    var carriers: [CompiledCarrier] = []
    var parts: [TablePart] = []
    var numbers: [Int32] = []
    var texts: [UInt8] = []
    var pieces: [TextPiece] = []

    /// Keeps a text.
    mutating func add(text: some Collection<UInt8>) -> TablePart {
        texts += text
        return TablePart(start: Int32(texts.count - text.count), count: Int32(text.count))
    }

    /// Keeps numbers.
    mutating func add(numbers list: some Collection<Int>) -> TablePart {
        numbers += list.map { Int32($0) }
        return TablePart(start: Int32(numbers.count - list.count), count: Int32(list.count))
    }

    /// Keeps a condition.
    mutating func condition(slot: Int, values: [String]) -> SlotCondition {
        let written = values.map { TextTest($0, &self) }
        // So the first test that passes decides.
        let found = written.filter(\.isNegated) + written.filter { !$0.isNegated }
        return SlotCondition(
            slot: Int32(slot),
            tests: RuleTables.add(found, to: &tests),
            acceptsMissing: found.allSatisfy(\.isNegated)
        )
    }

    /// Appends `items` to a list.
    static func add<Item>(_ items: [Item], to list: inout [Item]) -> TablePart {
        list += items
        return TablePart(start: Int32(list.count - items.count), count: Int32(items.count))
    }

    /// What the map makes of a value; nil when no entry takes it and there is nothing for all others.
    func result(
        of map: CompiledMap,
        _ source: Span<UInt8>,
        _ range: Range<Int>,
        _ sketch: borrowing TextSketch,
        _ budget: inout SearchBudget
    ) -> CompiledConstant? {
        for index in map.entries.range {
            let test = entries[index].test
            if test.holds(self, source, range, sketch, &budget) != test.isNegated {
                return entries[index].constant
            }
        }
        return map.otherwise.range.first.map { constants[$0] }
    }
}
