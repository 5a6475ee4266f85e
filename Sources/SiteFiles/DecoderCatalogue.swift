// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Normalization

/// What each decoder fills: fields and actions, by its samples, one or more of which each of its rules has.
///
/// The decoders of audit messages, which are no files, count with samples of their own.
public struct DecoderCatalogue: Sendable {
    /// One decoder.
    public struct Entry: Sendable {
        /// Its id.
        public var decoder: String
        /// Names of fields that its events have.
        public var fields: Set<String> = []
        /// Class and action of its events, by their names in order.
        public var actions: [(eventClass: EventClass, action: Action)] = []
    }

    /// Decoders in order of id, then those that are no files.
    public var entries: [Entry] = []

    /// Runs the samples of `files`; a file that cannot be read is left out.
    public init(_ files: [DecoderLoader.File]) {
        var definitions: [DecoderDefinition] = []
        for file in files {
            guard let definition = try? DecoderLoader.definition(file) else { continue }
            definitions.append(definition)
        }
        for definition in definitions.sorted(by: { $0.id.text < $1.id.text }) {
            guard let set = try? DecoderSet(compiling: [definition]) else { continue }
            add(definition.id.text, definition.rules.flatMap(\.samples), set)
        }
        guard let set = try? DecoderSet(compiling: []) else { return }
        for (decoder, lines) in BuiltInSamples.lines {
            let samples = lines.map { SampleDefinition(input: PlacedText($0), expect: [], absent: []) }
            add(decoder, samples, set)
        }
    }

    private mutating func add(_ decoder: String, _ samples: [SampleDefinition], _ set: DecoderSet) {
        var normalizer = DecoderSamples.makeNormalizer(set)
        var entry = Entry(decoder: decoder)
        for sample in samples {
            let events = DecoderSamples.decode(sample, &normalizer)
            for (index, event) in events.events.enumerated() {
                for field in events.fields(of: index) { entry.fields.insert(events.name(of: field.field)) }
                let isKnown = entry.actions.contains { $0 == (event.eventClass, event.action) }
                if !isKnown { entry.actions.append((event.eventClass, event.action)) }
            }
        }
        entry.actions.sort { ($0.eventClass.name, $0.action.name) < ($1.eventClass.name, $1.action.name) }
        entries.append(entry)
    }

    /// Names of the decoders that fill a field; the parts of every event's header count as filled by all.
    public func decoders(filling field: String) -> [String] {
        if ["class", "action", "outcome", "severity", "decoder"].contains(field) {
            return entries.map(\.decoder)
        }
        return entries.filter { $0.fields.contains(field) }.map(\.decoder)
    }
}
