// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// How the body of a message is written.
public enum BodyFormat: String, Sendable, CaseIterable {
    /// Words: rules have patterns or keywords.
    case text
    /// `key=value` pairs, quoted or not.
    case kv
    /// One JSON object.
    case json
    /// Comma-separated values with named columns.
    case csv
    /// ArcSight common event format.
    case cef
    /// IBM log event extended format.
    case leef
    /// XML; elements and attributes are found by their path.
    case xml
}

/// What parts `key=value` pairs.
public enum PairSeparation: String, Sendable, CaseIterable {
    case blank
    case comma
    /// Commas when one parts the first two pairs, otherwise blanks.
    case either
    /// Semicolons or bars; colons part keys from values as equals signs do: `[key:"value"; key:"value"]`.
    case semicolon
}

/// Text from a decoder file with its place.
public struct PlacedText: Hashable, Sendable {
    /// The text.
    public var text: String
    /// Where it stands.
    public var place: SourcePlace

    /// Makes placed text.
    public init(_ text: String, _ place: SourcePlace = SourcePlace()) {
        self.text = text
        self.place = place
    }
}

/// Which messages a decoder is offered: any of its selectors is enough.
///
/// What matches is still up to its rules.
public struct DecoderSelector: Hashable, Sendable {
    /// Application names, exact or with one `*` at the end.
    public var applications: [PlacedText] = []
    /// Texts anywhere in the body, case folded.
    public var literals: [PlacedText] = []
    /// Facilities of `%FACILITY-SEVERITY-CODE`, or `*`.
    public var facilities: [PlacedText] = []
    /// Conditions on keys, each enough alone: `key`, or `key` with a value as in ``ConditionDefinition``.
    public var keys: [[ConditionDefinition]] = []
    /// `Vendor|Product` of CEF and LEEF, either part may be `*`.
    public var products: [PlacedText] = []
    /// Whether every message that nothing else took is offered, after all others.
    public var isFallback = false

    /// Selects nothing.
    public init() {}
}

/// A test of one value: any of the texts.
///
/// `*` stands for any text at the start or the end, `!` before a text negates.
public struct ConditionDefinition: Hashable, Sendable {
    /// Capture name or key path.
    public var source: PlacedText
    /// Accepted values.
    public var values: [PlacedText]

    /// Makes a condition.
    public init(source: PlacedText, values: [PlacedText]) {
        self.source = source
        self.values = values
    }
}

/// A field and its constant value, or a field and the keys it is taken from (the first that is present
/// counts).
public struct FieldAssignment: Hashable, Sendable {
    /// Name of the field, or `action`, `outcome`, `class`, `time`.
    public var target: PlacedText
    /// The value, or the sources in order.
    public var values: [PlacedText]

    /// Makes an assignment.
    public init(target: PlacedText, values: [PlacedText]) {
        self.target = target
        self.values = values
    }
}

/// A translation of a value: the first matching entry counts.
public struct ValueMapDefinition: Hashable, Sendable {
    /// Field, `action`, `outcome` or `class`.
    public var target: PlacedText
    /// Sources in order; the first present one counts.
    public var sources: [PlacedText]
    /// Accepted texts (as in ``ConditionDefinition``) and what they become.
    public var entries: [(match: PlacedText, value: PlacedText)]
    /// What any other value becomes; nil leaves the target alone.
    public var otherwise: PlacedText?

    /// Makes a map.
    public init(
        target: PlacedText,
        sources: [PlacedText],
        entries: [(match: PlacedText, value: PlacedText)],
        otherwise: PlacedText? = nil
    ) {
        self.target = target
        self.sources = sources
        self.entries = entries
        self.otherwise = otherwise
    }

    /// Equal parts.
    public static func == (left: ValueMapDefinition, right: ValueMapDefinition) -> Bool {
        left.target == right.target && left.sources == right.sources && left.otherwise == right.otherwise
            && left.entries.map(\.match) == right.entries.map(\.match)
            && left.entries.map(\.value) == right.entries.map(\.value)
    }

    /// Hashes the target and the sources.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(target)
        hasher.combine(sources)
    }
}

/// What an event says when its conditions hold; the first case that holds counts.
public struct CaseDefinition: Hashable, Sendable {
    /// All must hold; none means always.
    public var conditions: [ConditionDefinition] = []
    /// Class, if the case names one.
    public var eventClass: PlacedText?
    /// Action, if the case names one.
    public var action: PlacedText?
    /// Outcome, if the case names one.
    public var outcome: PlacedText?
    /// Fields with constant values.
    public var set: [FieldAssignment] = []
    /// Fields taken from keys.
    public var fields: [FieldAssignment] = []

    /// A case that changes nothing.
    public init() {}
}

/// Words to look for in freely worded text, case folded, whole words unless written with `*` at an end.
public struct KeywordDefinition: Hashable, Sendable {
    /// Each must be there.
    public var all: [PlacedText] = []
    /// Of each list at least one must be there.
    public var any: [[PlacedText]] = []
    /// None may be there.
    public var none: [PlacedText] = []

    /// No words.
    public init() {}

    /// Whether there is nothing to look for.
    public var isEmpty: Bool { all.isEmpty && any.isEmpty && none.isEmpty }
}

/// An example in a decoder file: it must decode as it says, or the file is refused.
public struct SampleDefinition: Hashable, Sendable {
    /// The line as received, header included.
    public var input: PlacedText
    /// Fields (and `class`, `action`, `outcome`, `severity`, `rule`) with their exact values.
    public var expect: [FieldAssignment]
    /// Fields that must not be there.
    public var absent: [PlacedText]

    /// Makes a sample.
    public init(input: PlacedText, expect: [FieldAssignment], absent: [PlacedText] = []) {
        self.input = input
        self.expect = expect
        self.absent = absent
    }
}

/// Markers to find in the value of one key of a keyed body.
public struct WithinDefinition: Hashable, Sendable {
    /// The key, or `$body` and alike.
    public var source: PlacedText
    /// Fields, or names of the decoder's own, and the markers that give them: the first that is found counts.
    public var find: [FieldAssignment]

    /// Makes a search in one value.
    public init(source: PlacedText, find: [FieldAssignment]) {
        self.source = source
        self.find = find
    }
}

/// Where an object carries a line that another program wrote, and what it says of that line.
///
/// Of each list the first key that has a value counts.
public struct CarrierDefinition: Hashable, Sendable {
    /// The line, with a header of its own or without.
    public var text: [PlacedText] = []
    /// What wrote it.
    public var program: [PlacedText] = []
    /// The process that wrote it.
    public var process: [PlacedText] = []
    /// Where it was written.
    public var host: [PlacedText] = []
    /// When it was written or read.
    public var time: [PlacedText] = []
    /// Its severity as a number from 0 to 7.
    public var severity: [PlacedText] = []
    /// Examples, which are decoded by a whole set: an expected `decoder` says which one takes the line.
    public var samples: [SampleDefinition] = []
    /// Where the decoder says so.
    public var place: SourcePlace

    /// Makes a carrier of nothing.
    public init(place: SourcePlace) { self.place = place }
}

/// One kind of message that a decoder knows.
public struct RuleDefinition: Hashable, Sendable {
    /// Identifier, unique in its decoder.
    public var id: PlacedText
    /// Message codes (`%ASA-6-302013` has 302013) that lead here; empty: any.
    public var codes: [PlacedText] = []
    /// Typed patterns, tried in order (text only).
    public var patterns: [PlacedText] = []
    /// Words to look for (text only).
    public var keywords = KeywordDefinition()
    /// Patterns to find anywhere in the body, each giving the captures it names (text only).
    public var find: [FieldAssignment] = []
    /// Conditions on captures and keys; all must hold.
    public var base = CaseDefinition()
    /// Translations.
    public var maps: [ValueMapDefinition] = []
    /// Conditional refinements; the first that holds counts.
    public var cases: [CaseDefinition] = []
    /// Examples.
    public var samples: [SampleDefinition] = []

    /// Makes a rule that matches everything offered.
    public init(id: PlacedText) { self.id = id }
}

/// A decoder file as plain data: what a loader reads and ``DecoderSet`` compiles.
public struct DecoderDefinition: Hashable, Sendable {
    /// Identifier such as `cisco.asa`; events carry it.
    public var id: PlacedText
    /// Version of the file.
    public var version: String = "1.0.0"
    /// What it reads, in words; empty when not said.
    public var title = ""
    /// How the body is written.
    public var format: BodyFormat = .text
    /// Whether XML bodies are taken as well (json only): keys and paths are alike.
    public var takesXML = false
    /// Whether a decoder of pairs takes JSON bodies with the same keys, too (`[kv, json]`).
    public var takesJSON = false
    /// Names of the decoder's own for the first of several keys that is present.
    public var aliases: [FieldAssignment] = []
    /// Paths below which every key may stand instead: `winlog.event_data` for the keys of an event.
    public var below: [PlacedText] = []
    /// Keys whose text is a body of its own, XML, JSON or pairs, read as if it were the body (json only).
    public var inner: [PlacedText] = []
    /// Where objects carry the lines of other programs, which go to the decoders of these (json only).
    public var carries: CarrierDefinition?
    /// Markers to find in the values of keys, each giving the captures it names (keyed bodies only).
    public var within: [WithinDefinition] = []
    /// Which messages are offered.
    public var select = DecoderSelector()
    /// Whether the reporter is a witness, never the subject.
    public var isWitness = false
    /// Fields with constant values for every rule.
    public var set: [FieldAssignment] = []
    /// Fields taken from keys, for every rule.
    public var fields: [FieldAssignment] = []
    /// Translations for every rule.
    public var maps: [ValueMapDefinition] = []
    /// Keys that are not kept as `ext.*`.
    public var drop: [PlacedText] = []
    /// Names of the columns (csv); of a table the names by which its header row is known.
    public var columns: [PlacedText] = []
    /// Whether the body is a whole table (csv): a header row names the columns, each row below gives an
    /// event.
    public var isTable = false
    /// Whether the rows of the table are those of W3C's extended log format: parted by blanks, below
    /// `#Fields:`.
    public var isExtendedTable = false
    /// What parts pairs (kv, and captures of type kv).
    public var pairs = PairSeparation.blank
    /// Array whose elements give one event each (json).
    public var explode: PlacedText?
    /// The rules in order.
    public var rules: [RuleDefinition] = []
    /// Bytes of the file, for the epoch.
    public var bytes: [UInt8] = []

    /// Makes a decoder without rules.
    public init(id: PlacedText) { self.id = id }
}
