// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization

/// Runs the samples of decoder files through the real normalizer.
enum DecoderSamples {
    /// The reference time of samples: stamps without a year fall into the year before it.
    static let reference = CivilTime(year: 2026, month: 12, day: 1).utc()

    /// Runs all samples of `definition` against it alone.
    ///
    /// - Throws: ``SiteFilesError`` at the first sample that does not decode as it says, or when a rule has
    ///   none.
    static func check(_ definition: DecoderDefinition) throws(SiteFilesError) {
        let set: DecoderSet
        do throws(DecoderError) {
            set = try DecoderSet(compiling: [definition])
        } catch {
            throw SiteFilesError(error)
        }
        var normalizer = makeNormalizer(set)
        for rule in definition.rules {
            guard !rule.samples.isEmpty else {
                throw SiteFilesError(
                    file: rule.id.place.file,
                    line: rule.id.place.line,
                    column: rule.id.place.column,
                    what: "the rule '\(rule.id.text)' has no sample",
                    remedy: "add 'samples' with 'in' and 'expect'"
                )
            }
            for sample in rule.samples {
                let events = decode(sample, &normalizer)
                try check(sample, events, definition, rule)
            }
        }
    }

    /// Samples of `definitions` that another decoder of the whole set takes, in words.
    static func taken(_ definitions: [DecoderDefinition], by set: DecoderSet) -> [String] {
        var normalizer = makeNormalizer(set)
        var warnings: [String] = []
        // What an object carries goes to the decoder of the line, where that one is there.
        for definition in definitions where definition.carries == nil {
            for rule in definition.rules {
                for sample in rule.samples {
                    let events = decode(sample, &normalizer)
                    let taker = events.events.first.map { events.decoders[Int($0.decoder)] } ?? "none"
                    if taker != definition.id.text {
                        let place = sample.input.place
                        warnings.append(
                            "\(place.file):\(place.line): decoder '\(taker)' takes a sample of "
                                + "'\(definition.id.text)', rule '\(rule.id.text)'"
                        )
                    }
                }
            }
        }
        return warnings
    }

    /// Samples of carried lines that the whole set decodes otherwise than they say, in words.
    ///
    /// Those are left out whose decoder is not in the set.
    static func carried(_ definitions: [DecoderDefinition], by set: DecoderSet) -> [String] {
        var normalizer = makeNormalizer(set)
        var warnings: [String] = []
        for sample in definitions.flatMap({ $0.carries?.samples ?? [] }) {
            let decoder = sample.expect.first { $0.target.text == "decoder" }?.values.first?.text
            if let decoder, !set.identifiers.contains(decoder) { continue }
            let events = decode(sample, &normalizer)
            do throws(SiteFilesError) { try check(sample, events) } catch {
                warnings.append("\(error.file):\(error.line): \(error.what)")
            }
        }
        return warnings
    }

    /// What a line gives by `decoder` of `set`, as an expectation says it; nil when another decoder takes it.
    ///
    /// Names of the header and times are left out.
    static func fields(
        of line: String,
        by set: DecoderSet,
        decoder: String
    ) -> [(name: String, value: String)]? {
        var normalizer = makeNormalizer(set)
        let input = PlacedText(line)
        let events = decode(SampleDefinition(input: input, expect: [], absent: []), &normalizer)
        guard let event = events.events.first, events.decoders[Int(event.decoder)] == decoder else {
            return nil
        }
        var found: [(name: String, value: String)] = [("action", event.action.name)]
        for entry in events.fields(of: 0) {
            let name = events.name(of: entry.field)
            guard !["message", "ext.app", "ext.pid"].contains(name), found.count < 40,
                !found.contains(where: { $0.name == name }),
                let value = YAMLText.plain(Array(events.bytes[entry.range])), value.utf8.count <= 200
            else { continue }
            found.append((name, value))
        }
        return found
    }

    static func makeNormalizer(_ set: DecoderSet) -> Normalizer {
        Normalizer(decoders: set, siteKey: SiteKey(id: "sample", secret: Array("sample".utf8)))
    }

    static func decode(_ sample: SampleDefinition, _ normalizer: inout Normalizer) -> EventBatch {
        // A sample stands for itself, whatever was decoded before it.
        normalizer.forget()
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "sample", transport: .file))
        records.append(Array(sample.input.text.utf8), kind: .device, origin: origin, receiveTime: .absent)
        var events = EventBatch()
        normalizer.decode(records, base: .zero, reference: reference, into: &events)
        return events
    }

    private static func check(
        _ sample: SampleDefinition,
        _ events: EventBatch,
        _ definition: DecoderDefinition,
        _ rule: RuleDefinition
    ) throws(SiteFilesError) {
        guard let event = events.events.first, events.decoders[Int(event.decoder)] == definition.id.text
        else {
            throw failure(
                sample.input.place,
                "no rule of the decoder matches this sample of '\(rule.id.text)'"
            )
        }
        try check(sample, events)
    }

    private static func check(
        _ sample: SampleDefinition,
        _ events: EventBatch
    ) throws(SiteFilesError) {
        for expectation in sample.expect {
            let expected = expectation.values.first?.text ?? ""
            let found = value(of: expectation.target.text, in: events)
            guard found == expected else {
                let shown = found.map { "'\($0)'" } ?? "nothing"
                throw failure(
                    expectation.target.place,
                    "the sample gives \(expectation.target.text) \(shown), not '\(expected)'"
                )
            }
        }
        for name in sample.absent {
            if let found = value(of: name.text, in: events) {
                throw failure(name.place, "the sample gives \(name.text) '\(found)', which must be absent")
            }
        }
    }

    private static func value(of name: String, in events: EventBatch) -> String? {
        let event = events.events[0]
        switch name {
        case "class": return event.eventClass.name
        case "action": return event.action.name
        case "outcome": return event.outcome.name
        case "severity": return String(event.severity)
        case "time": return event.time.description
        case "witness": return event.flags.contains(.witness) ? "true" : "false"
        case "events": return String(events.events.count)
        case "decoder":
            return events.decoders.indices.contains(Int(event.decoder))
                ? events.decoders[Int(event.decoder)] : nil
        default: return events.field(named: name).flatMap { events.text($0, in: 0) }
        }
    }

    private static func failure(_ place: SourcePlace, _ what: String) -> SiteFilesError {
        SiteFilesError(file: place.file, line: place.line, column: place.column, what: what)
    }
}
