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

/// A constant field.
struct CompiledConstant: Sendable {
    var target: FieldTarget
    var value: [UInt8]
}

/// A field taken from the first slot that has a value.
struct CompiledField: Sendable {
    var target: FieldTarget
    var slots: [Int]
}

/// A translation of the first slot that has a value.
struct CompiledMap: Sendable {
    var target: FieldTarget
    var slots: [Int]
    var entries: [(test: TextTest, value: [UInt8])]
    var otherwise: [UInt8]?
}

/// What an event says when its conditions hold.
struct CompiledCase: Sendable {
    var conditions: [SlotCondition] = []
    var eventClass: EventClass?
    var action: Action?
    var outcome: Outcome?
    var constants: [CompiledConstant] = []
    var fields: [CompiledField] = []
}

/// Words to find, as numbers of the set's literal matcher.
struct CompiledKeywords: Sendable {
    var all: [Int] = []
    var any: [[Int]] = []
    var none: [Int] = []
    var isEmpty = true
}

/// A pattern to find anywhere: its first literal leads the search.
struct CompiledFind: Sendable {
    var start: Int32
    var first: UInt8
}

/// Markers for the value of one slot: per target, in order.
struct CompiledWithin: Sendable {
    var slot: Int
    var finds: [[CompiledFind]]
}

/// One rule, ready to run.
struct CompiledRule: Sendable {
    var id: String
    var decoder: Int
    /// Entry points of its patterns in the program.
    var patterns: [Int32] = []
    var keywords = CompiledKeywords()
    var finds: [CompiledFind] = []
    var base = CompiledCase()
    var maps: [CompiledMap] = []
    var cases: [CompiledCase] = []
    /// Code numbers that lead here; empty: any.
    var codes: [Int] = []
}

/// One decoder, ready to run.
struct CompiledDecoder: Sendable {
    var id: String
    var format: BodyFormat
    var isWitness: Bool
    var shared = CompiledCase()
    var maps: [CompiledMap] = []
    /// Rules in order, as numbers of the set.
    var rules: Range<Int>
    /// First byte of the body to the rules that can match, in order (text only).
    var byFirstByte: [[Int32]] = []
    /// Slots that are not kept as `ext.*`.
    var dropped: Set<Int> = []
    /// Slots of the columns (csv).
    var columns: [Int] = []
    var isCommaSeparated = false
    /// Names by which the header row of a table is known (csv); empty: the body is one row.
    var headerNames: [[UInt8]] = []
    var takesXML = false
    /// Slots that take the value of the first of others.
    var aliases: [(slot: Int, sources: [Int])] = []
    /// Slots that take the values of others, parted by a blank: `date+time`.
    var joins: [(slot: Int, parts: [Int])] = []
    /// Searches in the values of keys.
    var within: [CompiledWithin] = []
    /// Whether this is one of the built-in last resorts, whose events stay undecoded.
    var isGeneric = false
    /// Slot of the array that gives one event per element; -1 for none.
    var explode = -1
}
