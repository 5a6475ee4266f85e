// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// What the elements of structured data say (RFC 5424 sections 6.3 and 7).
struct ElementFacts {
    /// Software and its version, as `origin` names them: values of the event's fields.
    var software: (name: BodyValues.Value, version: BodyValues.Value)?
    /// Address of the originator.
    var address: BodyValues.Value?
    /// What `timeQuality` says of the clock.
    var issues: ParseIssues = []
    /// Half width of the band that `syncAccuracy` states, in nanoseconds.
    var uncertainty: Int64 = 0

    /// Whether an element of that name may be one that is read here: `origin` or `timeQuality`.
    static func mayName(_ id: ArraySlice<UInt8>) -> Bool {
        id.count == 6 && id.first == 0x6f || id.count == 11 && id.first == 0x74
    }
}

extension Normalizer {
    /// Reads the elements once for a record; their parameters become fields under `ID.NAME`.
    mutating func addElements(_ work: inout RecordWork, _ bytes: [UInt8], _ events: inout EventBatch) {
        guard !work.envelope.structuredData.isEmpty else { return }
        if work.elements == nil { work.elements = readElements(work.envelope.structuredData, bytes) }
        guard let facts = work.elements, let last = events.events.indices.last else { return }
        events.events[last].issues.formUnion(facts.issues)
        events.events[last].uncertainty = facts.uncertainty
    }

    private mutating func readElements(_ range: Range<Int>, _ bytes: [UInt8]) -> ElementFacts {
        var facts = ElementFacts()
        var name: BodyValues.Value?
        var version: BodyValues.Value?
        var isSynchronised = true
        var reader = ElementReader(range)
        while let parameter = reader.next(bytes.span) {
            let key = elementKey(parameter, bytes)
            let value = elementValue(parameter.value, bytes)
            values.add(key, value, name: names.number(values.work.span, key.range))
            // What is not kept is not read either.
            guard !values.isTruncated else { break }
            guard ElementFacts.mayName(bytes[parameter.id]) else { continue }
            let text = value.isInWork ? values.work : bytes
            switch String(decoding: values.work[key.range], as: UTF8.self) {
            case "origin.software": name = value
            case "origin.swVersion": version = value
            case "origin.ip": facts.address = facts.address ?? value
            case "timeQuality.isSynced" where text[value.range].elementsEqual([0x30]): isSynchronised = false
            case "timeQuality.tzKnown" where text[value.range].elementsEqual([0x30]):
                facts.issues.insert(.timeZoneAssumed)
            case "timeQuality.syncAccuracy":
                let microseconds = Int64(String(decoding: text[value.range], as: UTF8.self)) ?? 0
                // A claim of more than a year says nothing.
                if (0..<31_536_000_000_000).contains(microseconds) {
                    facts.uncertainty = microseconds * 1_000
                }
            default: break
            }
        }
        if !isSynchronised {
            facts.issues.insert(.clockUnsynchronised)
            facts.uncertainty = 0
        }
        if let name, let version { facts.software = (name, version) }
        return facts
    }

    private mutating func elementKey(
        _ parameter: ElementReader.Parameter,
        _ bytes: [UInt8]
    ) -> BodyValues.Value {
        let start = values.work.count
        values.work.append(contentsOf: bytes[parameter.id])
        values.work.append(0x2e)
        values.work.append(contentsOf: bytes[parameter.name])
        return BodyValues.Value(start: Int32(start), end: Int32(values.work.count), isInWork: true)
    }

    /// Only `\"`, `\\` and `\]` are escapes; another backslash stands for itself.
    private mutating func elementValue(_ range: Range<Int>, _ bytes: [UInt8]) -> BodyValues.Value {
        guard bytes[range].contains(0x5c) else {
            return BodyValues.Value(
                start: Int32(range.lowerBound),
                end: Int32(range.upperBound),
                isInWork: false
            )
        }
        let start = values.work.count
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == 0x5c, index + 1 < range.upperBound,
                [0x22, 0x5c, 0x5d].contains(bytes[index + 1])
            {
                index += 1
            }
            values.work.append(bytes[index])
            index += 1
        }
        return BodyValues.Value(start: Int32(start), end: Int32(values.work.count), isInWork: true)
    }

    /// Gives the software that an originator names in its messages an event of its own, when it is news.
    mutating func reportSoftware(
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        guard let facts = work.elements, let software = facts.software else { return }
        var hash = StableHash()
        for value in [software.name, software.version] {
            hash.combine((value.isInWork ? values.work : bytes).span, value.range)
        }
        guard assembler.isNews(place.source, hash.value) else { return }
        bodies.found.removeAll()
        bodies.found.begin(.update, .versionReport, .success)
        for (field, value) in [
            (FieldID.softwareName, software.name), (.softwareTo, software.version),
        ] {
            bodies.found.add(field, (value.isInWork ? values.work : bytes).span, value.range)
        }
        if let address = facts.address {
            let text = address.isInWork ? values.work : bytes
            if IPAddress(text.span, address.range) != nil {
                bodies.found.add(.hostIP, text.span, address.range)
            }
        }
        emitDrafts("syslog.origin", &work, bytes, &events)
    }
}

/// Goes through the parameters of well-formed elements.
struct ElementReader {
    /// A parameter with the name of its element; the value is as written.
    struct Parameter {
        var id: Range<Int>
        var name: Range<Int>
        var value: Range<Int>
    }

    private var position: Int
    private let end: Int
    private var id = 0..<0

    /// Reads the elements at `range`, from bracket to bracket.
    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next parameter; nil at the end.
    mutating func next(_ bytes: Span<UInt8>) -> Parameter? {
        while position < end {
            let byte = bytes[position]
            if byte == 0x5b {
                let start = position + 1
                position = start
                while position < end, bytes[position] != 0x20, bytes[position] != 0x5d { position += 1 }
                id = start..<position
            } else if byte == 0x5d || byte == 0x20 {
                position += 1
            } else {
                return parameter(bytes)
            }
        }
        return nil
    }

    private mutating func parameter(_ bytes: Span<UInt8>) -> Parameter? {
        let start = position
        while position < end, bytes[position] != 0x3d { position += 1 }
        let name = start..<position
        guard position + 1 < end else { return nil }
        position += 1
        guard bytes[position] == 0x22 else {
            let first = position
            while position < end, bytes[position] != 0x20, bytes[position] != 0x5d { position += 1 }
            return Parameter(id: id, name: name, value: first..<position)
        }
        position += 1
        let first = position
        while position < end, bytes[position] != 0x22 {
            let isEscape =
                bytes[position] == 0x5c && position + 1 < end
                && (bytes[position + 1] == 0x22 || bytes[position + 1] == 0x5c || bytes[position + 1] == 0x5d)
            position += isEscape ? 2 : 1
        }
        let value = first..<min(position, end)
        position = min(position + 1, end)
        return Parameter(id: id, name: name, value: value)
    }
}
