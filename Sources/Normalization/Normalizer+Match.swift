// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension Normalizer {
    /// Offers the record to a decoder: the first rule that matches makes the events.
    mutating func tryDecoder(
        _ number: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        switch decoders.decoders[number].format {
        case .text: return tryText(number, &work, bytes, &events)
        case .kv:
            let isComma = decoders.decoders[number].isCommaSeparated
            let range = pairRange(work, bytes)
            guard readPairs(&work, bytes, range, isCommaSeparated: isComma) > 0 else { return false }
        case .csv where !decoders.decoders[number].headerNames.isEmpty:
            return tryTable(number, &work, bytes, &events)
        case .csv:
            guard work.keyed == nil else { return false }
            values.addColumns(bytes.span, work.text, decoders.decoders[number].columns, decoders.slots)
        case .json where decoders.decoders[number].explode >= 0:
            return tryExploded(number, &work, bytes, &events)
        case .json, .xml, .cef, .leef: break
        }
        derive(number, bytes)
        guard let rule = firstRule(number, work, bytes) else { return false }
        emit(rule, &work, bytes, &events)
        return true
    }

    /// Where a body of pairs lies: parameters of a vendor's structured data (`[junos@2636.1.1.1.2.26 a="b"]`)
    /// belong to it.
    private func pairRange(_ work: borrowing RecordWork, _ bytes: [UInt8]) -> Range<Int> {
        let data = work.envelope.structuredData
        for index in data where bytes[index] == 0x40 { return data.lowerBound..<work.text.upperBound }
        return work.text
    }

    /// Fills the slots that the decoder derives from others: aliases, joins and what lies within values.
    mutating func derive(_ number: Int, _ bytes: [UInt8]) {
        resolveAliases(number)
        for join in decoders.decoders[number].joins { self.join(join.parts, into: join.slot, bytes) }
        withinSlots.removeAll(keepingCapacity: true)
        guard !decoders.decoders[number].within.isEmpty else { return }
        for item in decoders.decoders[number].within { search(item, bytes) }
        // An alias may stand for what was found within another.
        resolveAliases(number)
    }

    private mutating func join(_ parts: [Int], into slot: Int, _ bytes: [UInt8]) {
        values.clear(slot)
        let start = values.work.count
        for part in parts {
            guard let value = values.value(part) else { return }
            if values.work.count > start { values.work.append(0x20) }
            for index in value.range {
                values.work.append(value.isInWork ? values.work[index] : bytes[index])
            }
        }
        values.set(slot, BodyValues.Value(start: Int32(start), end: Int32(values.work.count), isInWork: true))
    }

    /// Looks for the markers in the value of a key: per target, the first that is found gives its captures.
    private mutating func search(_ item: CompiledWithin, _ bytes: [UInt8]) {
        for list in item.finds {
            for find in list {
                guard let value = values.value(item.slot) else { break }
                let source = value.isInWork ? values.work : bytes
                guard finds(find, source.span, value.range) else { continue }
                for index in 0..<matcher.captureCount {
                    let capture = matcher.capture(index)
                    var found = standardValue(capture.range)
                    found.isInWork = value.isInWork
                    values.clear(Int(capture.slot))
                    values.set(Int(capture.slot), found)
                    withinSlots.append(Int(capture.slot))
                }
                break
            }
        }
    }

    /// Whether the marker matches somewhere in `range`; the matcher holds the captures of the first place.
    private mutating func finds(_ find: CompiledFind, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            let isEdge =
                start == range.lowerBound || !bytes[start - 1].isWordByte || !find.first.isWordByte
            if isEdge, bytes[start].folded == find.first,
                matcher.matches(decoders.program, at: find.start, bytes, start..<range.upperBound)
            {
                return true
            }
            start += 1
        }
        return false
    }

    /// Gives each alias of the decoder the value of the first of its keys that has one.
    private mutating func resolveAliases(_ number: Int) {
        for index in decoders.decoders[number].aliases.indices {
            let alias = decoders.decoders[number].aliases[index]
            values.clear(alias.slot)
            for source in alias.sources {
                guard let value = values.value(source), !value.range.isEmpty else { continue }
                values.set(alias.slot, value)
                break
            }
        }
    }

    /// The first keyed rule whose conditions hold.
    func firstRule(_ number: Int, _ work: borrowing RecordWork, _ bytes: [UInt8]) -> Int? {
        for rule in decoders.decoders[number].rules {
            if !decoders.rules[rule].codes.isEmpty, !decoders.rules[rule].codes.contains(work.code) {
                continue
            }
            if holds(decoders.rules[rule].base.conditions, bytes) { return rule }
        }
        return nil
    }

    /// One event per element of the array.
    private mutating func tryExploded(
        _ number: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        let saved = work
        values.removeAll()
        values.explodeSlot = decoders.decoders[number].explode
        _ = values.addJSON(bytes.span, work.envelope.body, decoders.slots)
        var made = false
        for element in 0..<max(1, min(values.elementCount, Normalizer.elementCountMax)) {
            values.choose(element: element)
            derive(number, bytes)
            guard let rule = firstRule(number, work, bytes) else { continue }
            emit(rule, &work, bytes, &events, element: element)
            made = true
        }
        if values.elementCount > Normalizer.elementCountMax, !events.events.isEmpty {
            events.events[events.events.count - 1].issues.insert(.decodeTruncated)
        }
        if !made {
            values.removeAll()
            work = saved
            _ = values.addJSON(bytes.span, work.envelope.body, decoders.slots)
        }
        return made
    }

    /// Most events of one record: bounds what a hostile array can make of one line.
    static let elementCountMax = 1_024

    private mutating func tryText(
        _ number: Int,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        var text = work.text
        while let first = text.first, bytes[first].isBlank { text = first + 1..<text.upperBound }
        guard let first = text.first else { return false }
        let list = decoders.decoders[number].byFirstByte[Int(bytes[first])]
        for entry in list {
            let rule = Int(entry)
            if matches(rule, number, text, &work, bytes) {
                emit(rule, &work, bytes, &events)
                return true
            }
        }
        return false
    }

    private mutating func matches(
        _ rule: Int,
        _ number: Int,
        _ text: Range<Int>,
        _ work: inout RecordWork,
        _ bytes: [UInt8]
    ) -> Bool {
        if !decoders.rules[rule].codes.isEmpty, !decoders.rules[rule].codes.contains(work.code) {
            return false
        }
        if !decoders.rules[rule].keywords.isEmpty {
            scanLiterals(work, bytes)
            guard holds(decoders.rules[rule].keywords) else { return false }
        }
        guard !decoders.rules[rule].patterns.isEmpty else {
            return holds(decoders.rules[rule].base.conditions, bytes)
        }
        for pattern in decoders.rules[rule].patterns {
            guard matcher.matches(decoders.program, at: pattern, bytes.span, text) else {
                if matcher.isTruncated { work.header.issues.insert(.decodeTruncated) }
                continue
            }
            keepCaptures(number, &work, bytes)
            if holds(decoders.rules[rule].base.conditions, bytes) { return true }
            for index in 0..<matcher.captureCount { values.clear(Int(matcher.capture(index).slot)) }
        }
        return false
    }

    /// Puts the captures of the last match into their slots.
    mutating func keepCaptures(_ number: Int, _ work: inout RecordWork, _ bytes: [UInt8]) {
        for index in 0..<matcher.captureCount {
            let capture = matcher.capture(index)
            let slot = Int(capture.slot)
            values.clear(slot)
            values.set(slot, standardValue(capture.range))
            if capture.type == .kv {
                _ = readPairs(
                    &work,
                    bytes,
                    capture.range,
                    isCommaSeparated: decoders.decoders[number].isCommaSeparated
                )
            } else if capture.type == .json {
                work.header.issues.formUnion(values.addJSON(bytes.span, capture.range, decoders.slots))
            }
        }
    }

    /// Whether all conditions hold for the values of this record.
    func holds(_ conditions: [SlotCondition], _ bytes: [UInt8]) -> Bool {
        for index in conditions.indices {
            guard let value = values.value(conditions[index].slot) else {
                guard conditions[index].acceptsMissing else { return false }
                continue
            }
            let holds =
                value.isInWork
                ? conditions[index].holds(values.work.span, value.range)
                : conditions[index].holds(bytes.span, value.range)
            if !holds { return false }
        }
        return true
    }

    private func holds(_ keywords: CompiledKeywords) -> Bool {
        for literal in keywords.all where literalStamps[literal] != literalStamp { return false }
        for literal in keywords.none where literalStamps[literal] == literalStamp { return false }
        for list in keywords.any {
            var isFound = false
            for literal in list where literalStamps[literal] == literalStamp { isFound = true }
            if !isFound { return false }
        }
        return true
    }

    /// Runs the find markers of a rule: for each, the first place where it matches gives its captures.
    mutating func runFinds(_ rule: Int, _ work: borrowing RecordWork, _ bytes: [UInt8]) {
        let text = work.text
        for find in decoders.rules[rule].finds {
            guard finds(find, bytes.span, text) else { continue }
            for index in 0..<matcher.captureCount {
                let capture = matcher.capture(index)
                values.set(Int(capture.slot), standardValue(capture.range))
                markFound(Int(capture.slot))
            }
        }
    }

    private mutating func markFound(_ slot: Int) { foundSlots.append(slot) }
}
