// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension Normalizer {
    /// Puts the value of `slot` into a field, checked and normalised by the kind of the field.
    ///
    /// - Returns: whether the field has a value now. Empty values and the placeholder `-` give none.
    @discardableResult
    mutating func put(
        _ target: FieldTarget,
        _ value: BodyValues.Value,
        _ slot: Int,
        _ bytes: [UInt8],
        _ work: inout RecordWork,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        let isRecord = !value.isInWork
        let source = isRecord ? bytes : values.work
        var range = value.range
        while let last = range.last, source[last].isBlank { range = range.lowerBound..<last }
        while let first = range.first, source[first].isBlank { range = first + 1..<range.upperBound }
        // A comma behind a word belongs to the sentence: `copied to /opt/bin/monitor, restarting`.
        if !target.isProse, let last = range.last, source[last] == 0x2c { range = range.lowerBound..<last }
        guard !Placeholder.holds(source, range) else { return false }
        switch target {
        case .known(let field):
            guard !draft.has(field) else { return true }
            guard putKnown(field, source, range, isRecord, &draft, &events) else { return false }
        case .named(let index): append(extensionFields[index], source, range, isRecord: isRecord, &events)
        case .time:
            if !work.envelope.time.isPresent { readTime(source, range, &work) }
        case .action, .outcome, .eventClass, .local: return false
        }
        usedStamps[slot] = usedStamp
        return true
    }

    private mutating func putKnown(
        _ field: FieldID,
        _ source: [UInt8],
        _ range: Range<Int>,
        _ isRecord: Bool,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        switch field {
        case .hostIP, .sourceIP, .targetIP: return putAddress(field, source, range, isRecord, &draft, &events)
        case .sourceMAC, .targetMAC:
            var text: [UInt8] = []
            guard HardwareAddress.append(source.span, range, to: &text), draft.take(field) else {
                return false
            }
            events.add(field, text)
        case .sourcePort, .targetPort, .networkBytes:
            guard range.count <= (field == .networkBytes ? 18 : 5), draft.take(field) else { return false }
            for index in range where !source[index].isDigit { return false }
            append(field, source, range, isRecord: isRecord, &events)
        case .softwareKB:
            guard draft.take(field) else { return false }
            let isBare = source[range].allSatisfy(\.isDigit)
            events.add(field, (isBare ? [0x4b, 0x42] : []) + source[range])
        case .networkTransport:
            guard draft.take(field) else { return false }
            if let name = ProtocolNumbers.name(source.span, range) {
                events.add(field, name)
            } else {
                append(field, source, range, isRecord: isRecord, &events)
            }
        case .patientToken:
            guard draft.take(field) else { return false }
            events.add(field, siteKey.token(of: source.span, range))
        default:
            guard draft.take(field) else { return false }
            append(field, source, range, isRecord: isRecord, &events)
        }
        return true
    }

    /// An address, alone or with a port; a host name goes to the host field beside it.
    ///
    /// `::ffff:` is taken off, and the addresses that mean "none" (`::1`, `::`, `0.0.0.0`) are left out for
    /// sources.
    private mutating func putAddress(
        _ field: FieldID,
        _ source: [UInt8],
        _ range: Range<Int>,
        _ isRecord: Bool,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        let span = source.span
        let inner = source[range.lowerBound] == 0x5b ? range.lowerBound + 1..<range.upperBound : range
        guard let found = CaptureScan.scan(.ip, span, inner) else {
            return putHost(beside: field, source, range, isRecord, &draft, &events)
        }
        var next = found.next
        if next < range.upperBound, source[next] == 0x5d { next += 1 }
        if next < range.upperBound {
            guard source[next] == 0x3a, let port = CaptureScan.scan(.u16, span, next + 1..<range.upperBound),
                port.next == range.upperBound
            else { return putHost(beside: field, source, range, isRecord, &draft, &events) }
            let portField = FieldID(rawValue: field.rawValue + 1)
            if field != .hostIP, draft.take(portField) {
                append(portField, source, port.value, isRecord: isRecord, &events)
            }
        }
        guard let address = IPAddress(span, found.value) else { return false }
        let isNone = address.low <= 1 && address.high == 0 || address.v4 == 0
        guard !(isNone && field == .sourceIP), draft.take(field) else { return false }
        append(field, source, found.value, isRecord: isRecord, &events)
        return true
    }

    private mutating func putHost(
        beside field: FieldID,
        _ source: [UInt8],
        _ range: Range<Int>,
        _ isRecord: Bool,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        let host: FieldID = field == .sourceIP ? .sourceHost : .targetHost
        guard field != .hostIP, let found = CaptureScan.scan(.host, source.span, range),
            found.next == range.upperBound,
            range.count > 1, draft.take(host)
        else { return false }
        append(host, source, range, isRecord: isRecord, &events)
        return true
    }

    /// Adds the leaves that no field took as `ext.*`, under the names the device gave them.
    mutating func addLeaves(
        _ decoder: Int,
        _ bytes: [UInt8],
        _ element: Int,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) {
        for index in values.leaves.indices {
            let leaf = values.leaves[index]
            guard leaf.element < 0 || Int(leaf.element) == element else { continue }
            let slot = Int(leaf.slot)
            if slot >= 0 {
                if usedStamps[slot] == usedStamp || StandardSlot.timeSlots.contains(slot) { continue }
                if decoders.decoders[decoder].dropped.contains(slot) { continue }
            }
            let range = leaf.value.range
            guard !range.isEmpty, leaf.key.range.count <= Normalizer.keyLengthMaxBytes else { continue }
            let source = leaf.value.isInWork ? values.work : bytes
            if Placeholder.holds(source, range) { continue }
            let keys = leaf.key.isInWork ? values.work : bytes
            if PatientKeys.contains(keys, leaf.key.range) {
                if draft.take(.patientToken) {
                    events.add(.patientToken, siteKey.token(of: source.span, range))
                }
                continue
            }
            append(
                dynamicField(keys, leaf.key.range),
                source,
                range,
                isRecord: !leaf.value.isInWork,
                &events
            )
        }
    }

    /// Longest key that becomes a field name; a longer one is no name but data, and stays in the raw bytes.
    static let keyLengthMaxBytes = 128

    /// The field `ext.KEY`.
    mutating func dynamicField(_ bytes: [UInt8], _ key: Range<Int>) -> FieldID {
        if let number = dynamicNames.number(bytes.span, key) { return dynamicFields[number] }
        let field = fields.field(named: Array("ext.".utf8) + bytes[key])
        if dynamicNames.count < FieldTable.nameCountMax {
            dynamicNames.insert(bytes.span, key)
            dynamicFields.append(field)
        }
        return field
    }

    /// Reads a time of a body.
    func readTime(_ source: [UInt8], _ range: Range<Int>, _ work: inout RecordWork) {
        guard let stamp = BodyTime(source.span, range, work.context) else { return }
        work.envelope.time = stamp.time
        work.envelope.hasFraction = stamp.hasFraction
        work.header.issues.formUnion(stamp.issues)
    }

    /// The time that a keyed body states, when the header has none.
    mutating func readBodyTime(_ work: inout RecordWork, _ bytes: [UInt8]) {
        for slot in StandardSlot.timeSlots {
            guard !work.envelope.time.isPresent else { return }
            guard let value = values.value(slot) else { continue }
            readTime(value.isInWork ? values.work : bytes, value.range, &work)
        }
        readTimeOfParts(&work, bytes)
    }
}

/// What devices write where they have no value.
enum Placeholder {
    private static let texts = ["-", "?", "N/A", "<none>", "(none)", "(null)", "<null>", "<nil>", "(empty)"]
        .map {
            Array($0.utf8)
        }

    /// Whether the text at `range` is empty or stands for "none".
    static func holds(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        guard let first = range.first else { return true }
        guard !bytes[first].isWordByte || bytes[first] == 0x4e, range.count <= 7 else { return false }
        for text in texts where text.count == range.count {
            var lane = 0
            while lane < text.count, bytes[first + lane] == text[lane] { lane += 1 }
            if lane == text.count { return true }
        }
        return false
    }
}

/// Keys under which devices give patient identifiers: such values become tokens wherever they are met.
enum PatientKeys {
    private static let names: [[UInt8]] = [
        "mrn", "patient", "patient_id", "patientid", "patient.id", "patient_mrn", "patientidentifier",
        "pat_id",
    ].map { Array($0.utf8) }

    static func contains(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        guard range.count >= 3, range.count <= 17 else { return false }
        let first = bytes[range.lowerBound].folded
        guard first == 0x6d || first == 0x70 else { return false }
        for name in names where name.count == range.count {
            var lane = 0
            while lane < name.count, bytes[range.lowerBound + lane].folded == name[lane] { lane += 1 }
            if lane == name.count { return true }
        }
        return false
    }
}
