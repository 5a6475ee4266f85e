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
        case .text: return tryText(decoders.routes.own[number], &work, bytes, &events)
        case .kv where work.keyed == .json: break
        case .kv:
            let range = pairRange(work, bytes)
            let pairs = decoders.decoders[number].pairs.chosen(bytes.span, range)
            guard readPairs(&work, bytes, range, pairs) > 0 else { return false }
        case .csv where !decoders.decoders[number].headerNames.isEmpty:
            return tryTable(number, &work, bytes, &events)
        case .csv:
            guard work.keyed == nil else { return false }
            let columns = decoders.decoders[number].columns.range
            let numbers = decoders.tables.numbers
            values.addColumns(bytes.span, work.text, numbers.span, columns, decoders.slots)
        case .json where decoders.decoders[number].explode >= 0:
            return tryExploded(number, &work, bytes, &events)
        case .json, .xml, .cef, .leef: break
        }
        derive(number, &work, bytes)
        guard let rule = firstRule(number, work, bytes) else {
            forget(number)
            return false
        }
        emit(rule, &work, bytes, &events)
        return true
    }

    /// Forgets what only a decoder that does not take the record sees in it: the next one names its columns
    /// otherwise.
    private mutating func forget(_ number: Int) {
        for slot in withinSlots { values.clear(slot) }
        withinSlots.removeAll(keepingCapacity: true)
        if decoders.decoders[number].format == .csv { values.removeLeaves() }
    }

    /// Where a body of pairs lies: parameters of a vendor's structured data (`[junos@2636.1.1.1.2.26 a="b"]`)
    /// belong to it.
    private mutating func pairRange(_ work: borrowing RecordWork, _ bytes: [UInt8]) -> Range<Int> {
        let data = work.envelope.structuredData
        for index in data where bytes[index] == 0x40 { return data.lowerBound..<work.text.upperBound }
        return work.text
    }

    /// Fills the slots that the decoder derives from others: aliases, joins and what lies within values.
    mutating func derive(_ number: Int, _ work: inout RecordWork, _ bytes: [UInt8]) {
        for place in decoders.decoders[number].inner.range {
            let slot = Int(decoders.tables.numbers[place])
            let isComma = decoders.decoders[number].pairs == .comma
            work.header.issues.formUnion(values.addInner(slot, bytes.span, names, isCommaSeparated: isComma))
        }
        let short = decoders.decoders[number].shortSlots
        if !short.isEmpty {
            let numbers = decoders.tables.numbers
            values.shorten(numbers.span.extracting(short.range))
        }
        resolveAliases(number)
        for index in decoders.decoders[number].joins.range { join(decoders.tables.joins[index], bytes) }
        // An alias may stand for keys that were joined.
        if !decoders.decoders[number].joins.isEmpty { resolveAliases(number) }
        withinSlots.removeAll(keepingCapacity: true)
        guard !decoders.decoders[number].within.isEmpty else { return }
        for index in decoders.decoders[number].within.range {
            search(decoders.tables.within[index], bytes)
        }
        if matcher.isTruncated { work.header.issues.insert(.decodeTruncated) }
        // An alias may stand for what was found within another.
        resolveAliases(number)
    }

    private mutating func join(_ join: CompiledJoin, _ bytes: [UInt8]) {
        let slot = Int(join.slot)
        values.clear(slot)
        let start = values.work.count
        for place in join.sources.range {
            guard let value = values.value(Int(decoders.tables.numbers[place])) else { return }
            if values.work.count > start { values.work.append(0x20) }
            if value.isInWork {
                values.repeatWork(value.range)
            } else {
                values.work.append(bytes.span, value.range)
            }
        }
        values.set(slot, BodyValues.Value(start: Int32(start), end: Int32(values.work.count), isInWork: true))
    }

    /// Looks for the markers in the value of a key: per target, the first that is found gives its captures.
    private mutating func search(_ item: CompiledWithin, _ bytes: [UInt8]) {
        for target in item.targets.range {
            for index in decoders.tables.parts[target].range {
                guard let value = values.value(Int(item.slot)) else { break }
                let source = value.isInWork ? values.work : bytes
                let find = decoders.tables.finds[index]
                guard let pattern = pattern(of: find, source.span, value.range, isInWork: value.isInWork)
                else { continue }
                for capture in 0..<matcher.captureCount {
                    guard let (slot, range) = captured(capture, pattern) else { continue }
                    var found = standardValue(range)
                    found.isInWork = value.isInWork
                    values.clear(slot)
                    values.set(slot, found)
                    withinSlots.append(slot)
                }
                break
            }
        }
    }

    /// Tries what a route offers, in order, until something makes events.
    mutating func tryOffers(
        _ offers: TablePart,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        for index in offers.range {
            let offer = decoders.routes.offers[index]
            let isTaken =
                offer.entry >= 0
                ? tryText(offer, &work, bytes, &events)
                : tryDecoder(Int(offer.decoder), &work, bytes, &events)
            if isTaken { return true }
        }
        return false
    }

    /// Gives each alias of the decoder the value of the first of its keys that has one.
    private mutating func resolveAliases(_ number: Int) {
        for index in decoders.decoders[number].aliases.range {
            let alias = decoders.tables.aliases[index]
            values.clear(Int(alias.slot))
            for place in alias.sources.range {
                let source = Int(decoders.tables.numbers[place])
                guard let value = values.value(source), !value.range.isEmpty else { continue }
                values.set(Int(alias.slot), value)
                break
            }
        }
    }

    /// The first keyed rule whose conditions hold.
    mutating func firstRule(_ number: Int, _ work: borrowing RecordWork, _ bytes: [UInt8]) -> Int? {
        for rule in decoders.decoders[number].rules {
            guard takesCode(decoders.tables.rules[rule].codes, work.code) else { continue }
            if holds(decoders.tables.rules[rule].base.conditions, bytes) { return rule }
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
        values.explodeSlot = Int(decoders.decoders[number].explode)
        _ = values.addJSON(bytes.span, work.envelope.body, names)
        var made = false
        for element in 0..<max(1, min(values.elementCount, Normalizer.elementCountMax)) {
            values.choose(element: element)
            derive(number, &work, bytes)
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
            _ = values.addJSON(bytes.span, work.envelope.body, names)
        }
        return made
    }

    /// Most events of one record: bounds what a hostile array can make of one line.
    static let elementCountMax = 1_024

    /// Runs a trie over the text: of the matches that their rules accept the one with the lowest number,
    /// which stands first, makes the event.
    private mutating func tryText(
        _ offer: RouteOffer,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        var text = work.text
        while let first = text.first, bytes[first].isBlank { text = first + 1..<text.upperBound }
        guard !text.isEmpty else { return false }
        matcher.begin(at: offer.entry, text)
        foundSlots.removeAll(keepingCapacity: true)
        var best = -1
        var isInSlots = false
        while true {
            let matches = matcher.next(decoders.program, bytes.span)
            if matches.isEmpty { break }
            for index in matches {
                let pattern = Int(decoders.program.accepted[index])
                guard best < 0 || pattern < best else { break }
                isInSlots = accepts(pattern, &work, bytes)
                guard isInSlots else { continue }
                best = pattern
                swap(&matched, &candidate)
                matcher.want(below: Int32(pattern))
                break
            }
        }
        if matcher.isTruncated { work.header.issues.insert(.decodeTruncated) }
        guard best >= 0 else { return false }
        if !isInSlots {
            swap(&matched, &candidate)
            keepCandidate(best, &work, bytes)
        }
        emit(Int(decoders.program.patterns[best].rule), &work, bytes, &events)
        return true
    }

    /// Whether the rule of `pattern`, at whose match the matcher is, takes the text; its captures are in
    /// their slots then.
    private mutating func accepts(_ pattern: Int, _ work: inout RecordWork, _ bytes: [UInt8]) -> Bool {
        let rule = Int(decoders.program.patterns[pattern].rule)
        clearFound()
        guard takesCode(decoders.tables.rules[rule].codes, work.code) else { return false }
        if !decoders.tables.rules[rule].keywords.isEmpty {
            scanLiterals(work, bytes)
            guard holds(decoders.tables.rules[rule].keywords) else { return false }
        }
        candidate.removeAll(keepingCapacity: true)
        if decoders.tables.rules[rule].hasPatterns {
            for index in 0..<matcher.captureCount { candidate.append(matcher.capture(index)) }
        }
        keepCandidate(pattern, &work, bytes)
        if holds(decoders.tables.rules[rule].base.conditions, bytes) { return true }
        clearFound()
        return false
    }

    private mutating func clearFound() {
        for index in foundSlots.indices { values.clear(foundSlots[index]) }
        foundSlots.removeAll(keepingCapacity: true)
    }

    private mutating func takesCode(_ codes: TablePart, _ code: Int) -> Bool {
        if codes.isEmpty { return true }
        for index in codes.range where Int(decoders.tables.numbers[index]) == code { return true }
        return false
    }

    /// Puts the captures of a match of `pattern` into their slots.
    private mutating func keepCandidate(_ pattern: Int, _ work: inout RecordWork, _ bytes: [UInt8]) {
        let firstSlot = Int(decoders.program.patterns[pattern].firstSlot)
        let number = Int(decoders.tables.rules[Int(decoders.program.patterns[pattern].rule)].decoder)
        for index in candidate.indices {
            let capture = candidate[index]
            let slot = Int(decoders.program.captureSlots[firstSlot + Int(capture.number)])
            if slot >= 0 {
                values.clear(slot)
                values.set(slot, standardValue(capture.range))
                foundSlots.append(slot)
            }
            if capture.type == .kv {
                let pairs = decoders.decoders[number].pairs.chosen(bytes.span, capture.range)
                _ = readPairs(&work, bytes, capture.range, pairs)
            } else if capture.type == .json {
                work.header.issues.formUnion(values.addJSON(bytes.span, capture.range, names))
            }
        }
    }

    /// Whether all conditions hold for the values of this record.
    mutating func holds(_ conditions: TablePart, _ bytes: [UInt8]) -> Bool {
        for index in conditions.range {
            let condition = decoders.tables.conditions[index]
            guard let value = values.value(Int(condition.slot)) else {
                guard condition.acceptsMissing else { return false }
                continue
            }
            var budget = searches
            if !value.isInWork { sketch.consider(bytes.span, spent: searches.spent) }
            let holds =
                value.isInWork
                ? condition.holds(decoders.tables, values.work.span, value.range, .none, &budget)
                : condition.holds(decoders.tables, bytes.span, value.range, sketch, &budget)
            searches = budget
            if !holds { return false }
        }
        return true
    }

    private mutating func isSeen(_ index: Int) -> Bool {
        literalStamps[Int(decoders.tables.numbers[index])] == literalStamp
    }

    private mutating func holds(_ keywords: CompiledKeywords) -> Bool {
        for index in keywords.all.range where !isSeen(index) { return false }
        for index in keywords.none.range where isSeen(index) { return false }
        for list in keywords.any.range {
            var isFound = false
            for index in decoders.tables.parts[list].range where isSeen(index) { isFound = true }
            if !isFound { return false }
        }
        return true
    }

    /// Runs the find markers of a rule: for each, the first place where it matches gives its captures.
    mutating func runFinds(_ rule: Int, _ work: inout RecordWork, _ bytes: [UInt8]) {
        let text = work.text
        for index in decoders.tables.rules[rule].finds.range {
            let find = decoders.tables.finds[index]
            guard let pattern = pattern(of: find, bytes.span, text) else { continue }
            // What is known already is not mixed with what another place says.
            let isKnown = (0..<matcher.captureCount).contains { capture in
                captured(capture, pattern).map { values.has($0.slot) } ?? false
            }
            if isKnown { continue }
            for capture in 0..<matcher.captureCount {
                guard let (slot, range) = captured(capture, pattern) else { continue }
                values.set(slot, standardValue(range))
                foundSlots.append(slot)
            }
        }
        if matcher.isTruncated { work.header.issues.insert(.decodeTruncated) }
    }

    /// The pattern of a marker, if it matches somewhere in `range`; the matcher holds the captures of the
    /// first place.
    private mutating func pattern(
        of find: CompiledFind,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        isInWork: Bool = false
    ) -> Int? {
        if !isInWork { sketch.consider(bytes, spent: searches.spent) }
        let texts = decoders.tables.texts
        let isWord = texts[Int(find.text.start)].isWordByte
        var next = range.lowerBound
        while let start = ByteSearch.firstFolded(
            texts.span,
            find.text.range,
            by: find.lead,
            bytes,
            next..<range.upperBound,
            isInWork ? .none : sketch,
            &searches
        ) {
            next = start + 1
            if start > range.lowerBound, isWord, bytes[start - 1].isWordByte { continue }
            matcher.begin(at: find.start, start..<range.upperBound)
            let matches = matcher.next(decoders.program, bytes)
            if let match = matches.first {
                let pattern = Int(decoders.program.accepted[match])
                if !isProse(pattern, bytes) { return pattern }
            }
            // What may not take a step more finds nothing more.
            guard matcher.stepsLeft > 0 else { return nil }
        }
        return nil
    }

    /// Whether what the last match took for the name of a user behind a blank is a word of the sentence.
    private mutating func isProse(_ pattern: Int, _ bytes: Span<UInt8>) -> Bool {
        for capture in 0..<matcher.captureCount {
            guard let (slot, range) = captured(capture, pattern), range.lowerBound > 0,
                bytes[range.lowerBound - 1].isBlank, case .known(let field) = decoders.slotTargets[slot],
                field == .userName || field == .userTarget
            else { continue }
            if ProseWords.contains(bytes, range) { return true }
        }
        return false
    }

    /// Slot and place of a capture of the last match, which is one of `pattern`; nil for one that is dropped.
    private mutating func captured(_ index: Int, _ pattern: Int) -> (slot: Int, range: Range<Int>)? {
        let capture = matcher.capture(index)
        let firstSlot = Int(decoders.program.patterns[pattern].firstSlot)
        let slot = Int(decoders.program.captureSlots[firstSlot + Int(capture.number)])
        return slot >= 0 ? (slot, capture.range) : nil
    }
}
