// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension Normalizer {
    /// Finds the decoder of a record, most telling mark first, and lets it make events.
    mutating func route(_ work: inout RecordWork, _ bytes: [UInt8], _ events: inout EventBatch) {
        let body = work.envelope.body
        if let first = body.first {
            let byte = bytes[first]
            if byte == 0x7b || byte == 0x3c || byte == 0xef {
                if let name = bodies.decode(bytes.span, body) {
                    emitDrafts(name, &work, bytes, &events)
                    return
                }
                if routeKeyed(&work, bytes, &events) { return }
                if work.keyed == .xml, work.header.issues.contains(.badXML) {
                    // `<info> text` only looks like XML.
                    work.keyed = nil
                    work.header.issues.remove(.badXML)
                    begin(&work, bytes)
                }
            } else if byte == 0x43 || byte == 0x4c, routeProduct(&work, bytes, &events) {
                return
            } else if byte == 0x5b, isArray(work.envelope.body, bytes),
                routeElements(from: first + 1, &work, bytes, &events)
            {
                return
            }
        }
        if work.keyed == nil {
            if routeCode(&work, bytes, &events) { return }
            if routeApplication(&work, bytes, &events) { return }
            if routeMarkedProduct(&work, bytes, &events) { return }
            if routeLiterals(&work, bytes, &events) { return }
            if routeHeaderless(&work, bytes, &events) { return }
            if routeEmbedded(&work, bytes, &events) { return }
            if routeFallback(&work, bytes, &events) { return }
        }
        routeGeneric(&work, bytes, &events)
    }

    /// JSON and XML bodies: what they carry goes first, then the conditions on keys decide.
    mutating func routeKeyed(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard readKeyed(&work, bytes) else { return false }
        guard let format = work.keyed else { return false }
        if routeCarried(&work, bytes, &events) { return true }
        // Objects inside are routed while the routes of this one wait.
        let first = keyedRoutes.count
        collectKeyedRoutes(from: first)
        defer { keyedRoutes.removeSubrange(first...) }
        var last: Int32 = -1
        for place in first..<keyedRoutes.count where keyedRoutes[place] != last {
            last = keyedRoutes[place]
            let route = decoders.routes.keyed[Int(last)]
            let decoder = Int(route.decoder)
            let isTaken =
                decoders.decoders[decoder].format == format
                || (format == .xml && decoders.decoders[decoder].takesXML)
                || (format == .json && decoders.decoders[decoder].takesJSON)
            guard isTaken, holds(route.conditions, bytes) else { continue }
            if tryDecoder(decoder, &work, bytes, &events) { return true }
        }
        guard format == .json else { return false }
        if let start = values.objectsStart, routeElements(from: start + 1, &work, bytes, &events) {
            return true
        }
        if let start = values.wrappedStart, routeElements(from: start, &work, bytes, &events) { return true }
        return routeCarried(isLast: true, &work, bytes, &events)
    }

    /// Appends the routes to which a slot with a value leads, in their order.
    private mutating func collectKeyedRoutes(from first: Int) {
        for index in decoders.routes.keyedAlways.range { keyedRoutes.append(decoders.routes.numbers[index]) }
        for slot in 0..<StandardSlot.firstTime where values.has(slot) { collectKeyedRoutes(of: slot) }
        for index in values.leaves.indices where values.leaves[index].slot >= 0 {
            collectKeyedRoutes(of: Int(values.leaves[index].slot))
        }
        keyedRoutes[first...].sort()
    }

    private mutating func collectKeyedRoutes(of slot: Int) {
        guard slot < decoders.routes.keyedBySlot.count else { return }
        for index in decoders.routes.keyedBySlot[slot].range {
            keyedRoutes.append(decoders.routes.numbers[index])
        }
    }

    /// Whether a body that begins with a bracket may be an array of objects.
    private func isArray(_ body: Range<Int>, _ bytes: [UInt8]) -> Bool {
        guard let last = body.last, bytes[last] == 0x5d else { return false }
        return body.dropFirst().first { !bytes[$0].isGap }.map { bytes[$0] == 0x7b } ?? false
    }

    /// Reads the leaves of a JSON or XML body.
    private mutating func readKeyed(_ work: inout RecordWork, _ bytes: [UInt8]) -> Bool {
        let body = work.envelope.body
        guard let first = body.first else { return false }
        let isObject = bytes[first] == 0x7b
        let issues =
            isObject
            ? values.addJSON(bytes.span, body, names)
            : values.addXML(bytes.span, body, names)
        guard !values.leaves.isEmpty else {
            if issues.contains(.badJSON), isMeantAsObject(work, bytes) {
                work.header.issues.insert(.badJSON)
            }
            return false
        }
        work.header.issues.formUnion(issues)
        work.keyed = isObject ? .json : .xml
        return true
    }

    /// Whether a body that begins with a brace and says nothing was meant as JSON: it is the whole record, or
    /// a name or the end follows.
    private func isMeantAsObject(_ work: borrowing RecordWork, _ bytes: [UInt8]) -> Bool {
        let body = work.envelope.body
        guard let first = body.first, bytes[first] == 0x7b else { return false }
        if first == work.record.lowerBound { return true }
        guard let next = body.dropFirst().first(where: { !bytes[$0].isBlank }) else { return true }
        return bytes[next] == 0x22
    }

    /// CEF and LEEF behind a header that is none, or without the mark: `CEF: 0|...`, `tag -: CEF:0|...`,
    /// `0|...`.
    mutating func routeMarkedProduct(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard let start = ProductMark.start(bytes.span, work.record) else { return false }
        let saved = work
        if start < work.envelope.body.lowerBound {
            work.envelope.application = 0..<0
            work.envelope.processID = 0..<0
        }
        work.envelope.body = start..<work.record.upperBound
        work.text = work.envelope.body
        if routeProduct(&work, bytes, &events) { return true }
        work = saved
        values.removeLeaves()
        return false
    }

    mutating func routeProduct(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard let header = values.addProductMessage(bytes.span, work.envelope.body, names) else {
            return false
        }
        let format: BodyFormat = header.isLEEF ? .leef : .cef
        work.keyed = format
        // What names are compared with is not what is looked for in the text.
        var budget = SearchBudget()
        let sketch = TextSketch.none
        for route in decoders.routes.products {
            guard decoders.decoders[route.decoder].format == format,
                route.vendor.holds(decoders.tables, bytes.span, header.vendor, sketch, &budget),
                route.product.holds(decoders.tables, bytes.span, header.product, sketch, &budget)
            else { continue }
            if tryDecoder(route.decoder, &work, bytes, &events) { return true }
        }
        return false
    }

    mutating func routeCode(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        let start =
            work.envelope.application.isEmpty
            ? work.envelope.body.lowerBound : work.envelope.application.lowerBound
        let range = min(start, work.envelope.body.lowerBound)..<work.envelope.body.upperBound
        guard let mark = VendorCode(bytes.span, range) else { return false }
        setStandard(StandardSlot.facility, mark.facility)
        setStandard(StandardSlot.code, mark.code)
        work.code = decoders.routes.codes.number(bytes.span, mark.code) ?? -1
        work.text = mark.bodyStart..<work.envelope.body.upperBound
        if work.header.severity == 255 { work.header.severity = mark.severity }
        if let number = folded(mark.facility, bytes, decoders.routes.facilities) {
            if tryOffers(decoders.routes.facilityOffers[number], &work, bytes, &events) { return true }
        }
        return tryOffers(decoders.routes.anyFacilityOffers, &work, bytes, &events)
    }

    /// The number of a name that is kept in lower case.
    private func folded(_ range: Range<Int>, _ bytes: [UInt8], _ table: borrowing NameTable) -> Int? {
        var hasUpper = false
        for index in range where bytes[index] != bytes[index].folded { hasUpper = true }
        guard hasUpper else { return table.number(bytes.span, range) }
        guard range.count <= Normalizer.routeNameLengthMax else { return nil }
        var lower = InlineArray<64, UInt8>(repeating: 0)
        for (lane, index) in zip(0..., range) { lower[lane] = bytes[index].folded }
        return table.number(lower.span, 0..<range.count)
    }

    /// Longest name of an application or facility that is looked up when it has capitals; RFC 5424 allows 48.
    static let routeNameLengthMax = 64

    mutating func routeApplication(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        var name = work.envelope.application
        guard !name.isEmpty else { return false }
        // `/usr/sbin/cron` is `cron`.
        for index in name where bytes[index] == 0x2f && index + 1 < name.upperBound {
            name = index + 1..<name.upperBound
        }
        if let number = folded(name, bytes, decoders.routes.applications),
            tryOffers(decoders.routes.applicationOffers[number], &work, bytes, &events)
        {
            return true
        }
        let hasFolder = name.lowerBound > work.envelope.application.lowerBound
        for place in decoders.routes.prefixPlaces[Int(bytes[name.lowerBound].folded)].range {
            let index = Int(decoders.routes.numbers[place])
            let (prefix, offers) = decoders.routes.applicationPrefixes[index]
            // A prefix that names a folder is one of the whole name.
            var start = name.lowerBound
            if hasFolder {
                for place in prefix.range where decoders.routes.texts[place] == 0x2f {
                    start = work.envelope.application.lowerBound
                }
            }
            guard name.upperBound - start >= Int(prefix.count) else { continue }
            var lane = 0
            while lane < Int(prefix.count),
                bytes[start + lane].folded == decoders.routes.texts[Int(prefix.start) + lane]
            { lane += 1 }
            if lane == Int(prefix.count), tryOffers(offers, &work, bytes, &events) { return true }
        }
        return false
    }

    mutating func routeLiterals(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        scanLiterals(work, bytes)
        selected.sort()
        var last: Int32 = -1
        for index in selected.indices where selected[index] != last {
            last = selected[index]
            if tryDecoder(Int(last), &work, bytes, &events) { return true }
        }
        return false
    }

    /// JSON behind words that nobody knows: `2026-10-05 INFO audit - {"user":"ada"}`; what is said before it
    /// names neither decoder nor field.
    private mutating func routeEmbedded(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard let start = Normalizer.objectStart(bytes.span, work.envelope.body) else { return false }
        let saved = work
        chooseObject(start, &work)
        if routeKeyed(&work, bytes, &events) { return true }
        work = saved
        values.removeLeaves()
        return false
    }

    private mutating func chooseObject(_ start: Int, _ work: inout RecordWork) {
        work.envelope.body = start..<work.envelope.body.upperBound
        work.text = work.envelope.body
        work.pairMode = nil
        values.removeLeaves()
    }

    /// The first `{"` of a body that ends with `}` and has one within its beginning.
    private static func objectStart(_ bytes: Span<UInt8>, _ body: Range<Int>) -> Int? {
        guard let last = body.last, bytes[last] == 0x7d else { return nil }
        let end = min(body.upperBound, body.lowerBound + embeddedStartMaxBytes) - 1
        var index = body.lowerBound
        while index < end {
            if bytes[index] == 0x7b, bytes[index + 1] == 0x22 { return index }
            index += 1
        }
        return nil
    }

    /// Bytes of a body that are searched for the begin of an object: a stamp, a level, a class and a thread
    /// are shorter.
    static let embeddedStartMaxBytes = 512

    /// Decoders for free wording: after all that know what they see, however the header was read.
    mutating func routeFallback(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        work.isFree = true
        if tryOffers(decoders.routes.fallbackOffers, &work, bytes, &events) { return true }
        work.isFree = false
        return false
    }

    /// Lines of files have a stamp but neither host nor tag: what looked like them is part of the body.
    mutating func routeHeaderless(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) -> Bool {
        guard work.envelope.issues.contains(.missingPriority), work.envelope.time.isPresent else {
            return false
        }
        let saved = work
        let host = work.envelope.host
        let application = work.envelope.application
        guard let start = host.isEmpty ? application.first : host.first else { return false }
        work.envelope.host = 0..<0
        work.envelope.application = 0..<0
        work.envelope.processID = 0..<0
        work.envelope.body = start..<work.envelope.body.upperBound
        work.text = work.envelope.body
        work.keyed = nil
        work.pairMode = nil
        values.removeAll()
        setStandard(StandardSlot.body, work.envelope.body)
        hasScannedLiterals = false
        if routeLiterals(&work, bytes, &events) { return true }
        work = saved
        values.removeAll()
        hasScannedLiterals = false
        setStandard(StandardSlot.body, work.envelope.body)
        setStandard(StandardSlot.application, application)
        setStandard(StandardSlot.host, host)
        return false
    }

    /// Notes every literal and keyword of the set that occurs in the body.
    ///
    /// One pass, at most once per record.
    mutating func scanLiterals(_ work: borrowing RecordWork, _ bytes: [UInt8]) {
        guard !hasScannedLiterals else { return }
        hasScannedLiterals = true
        literalStamp &+= 1
        selected.removeAll(keepingCapacity: true)
        let body = work.envelope.body
        let stamp = literalStamp
        decoders.routes.matcher.scan(bytes.span, body) { number, end in
            guard literalStamps[number] != stamp else { return }
            let edges = decoders.routes.literalEdges[number]
            let start = end - Int(decoders.routes.matcher.lengths[number])
            if edges.start, start > body.lowerBound, bytes[start - 1].isWordByte { return }
            if edges.end, end < body.upperBound, bytes[end].isWordByte { return }
            literalStamps[number] = stamp
            for index in decoders.routes.literalDecoders[number].range {
                selected.append(decoders.routes.numbers[index])
            }
        }
    }

    /// The last resorts: well-known keys and phrases.
    mutating func routeGeneric(_ work: inout RecordWork, _ bytes: [UInt8], _ events: inout EventBatch) {
        work.header.issues.insert(.undecoded)
        if work.keyed == nil, let start = Normalizer.objectStart(bytes.span, work.envelope.body) {
            let saved = work
            chooseObject(start, &work)
            if !readKeyed(&work, bytes) || work.header.issues.contains(.badJSON) {
                work = saved
                values.removeLeaves()
            }
        }
        var format = work.keyed ?? .text
        if format == .text, readPairs(&work, bytes, work.envelope.body, .blank) >= 2 {
            format = .kv
        }
        if format == .xml || format == .cef || format == .leef || format == .csv { format = .json }
        for decoder in decoders.routes.fallback where decoders.decoders[decoder].isGeneric {
            guard decoders.decoders[decoder].format == format else { continue }
            foundSlots.removeAll(keepingCapacity: true)
            emit(decoders.decoders[decoder].rules.lowerBound, &work, bytes, &events)
            return
        }
        emitBare(&work, bytes, &events)
    }

    /// Reads the pairs of `range` into leaves; a second call in the same way does nothing, another way starts
    /// over.
    mutating func readPairs(
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ range: Range<Int>,
        _ separation: PairSeparation
    ) -> Int {
        if let mode = work.pairMode {
            if mode == (range.lowerBound, separation) { return values.leaves.count }
            values.removeLeaves()
        }
        work.pairMode = (range.lowerBound, separation)
        guard separation != .semicolon else { return values.addMarkedPairs(bytes.span, range, names) }
        return values.addPairs(bytes.span, range, names, isCommaSeparated: separation == .comma)
    }
}
