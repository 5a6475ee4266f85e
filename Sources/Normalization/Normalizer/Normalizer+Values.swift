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
        let isDone =
            value.isInWork
            ? Normalizer.put(target, values.work.span, value, nil, siteKey, &work, &draft, &events)
            : Normalizer.put(target, bytes.span, value, recordShift, siteKey, &work, &draft, &events)
        guard isDone.counts else { return isDone.has }
        usedStamps[slot] = usedStamp
        return true
    }

    /// Whether the field has a value now, and whether it is this one.
    private static func put(
        _ target: FieldTarget,
        _ source: Span<UInt8>,
        _ value: BodyValues.Value,
        _ shift: Int?,
        _ siteKey: SiteKey,
        _ work: inout RecordWork,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> (has: Bool, counts: Bool) {
        var start = Int(value.start)
        var end = Int(value.end)
        while end > start, source[end - 1].isGap { end -= 1 }
        while start < end, source[start].isGap { start += 1 }
        // A comma behind a word belongs to the sentence: `copied to /opt/bin/monitor, restarting`.
        if !target.isProse, end > start, source[end - 1] == 0x2c { end -= 1 }
        guard !Placeholder.holds(source, start..<end) else { return (false, false) }
        let text = FieldText(range: start..<end, shift: shift)
        switch target {
        case .known(let field):
            if draft.has(field) { return (true, false) }
            guard putKnown(field, text, source, siteKey, &draft, &events) else { return (false, false) }
        case .named(let index):
            text.append(FieldID(rawValue: FieldID.firstExtension + UInt16(index)), source, &events)
        case .time: readTime(source, text.range, &work)
        case .action, .outcome, .eventClass, .local: return (false, false)
        }
        return (true, true)
    }

    private static func putKnown(
        _ field: FieldID,
        _ text: FieldText,
        _ source: Span<UInt8>,
        _ siteKey: SiteKey,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        switch field {
        case .hostIP, .sourceIP, .targetIP: return text.putAddress(field, source, &draft, &events)
        case .sourceHost, .targetHost:
            guard IPAddress(source, text.range) == nil else {
                return text.putAddress(beside: field, source, &draft, &events)
            }
            guard draft.take(field) else { return false }
            text.append(field, source, &events)
        case .sourceMAC, .targetMAC:
            guard HardwareAddress.length(source, text.range) == text.range.count, draft.take(field)
            else { return false }
            let start = events.bytes.count
            _ = HardwareAddress.append(source, text.range, to: &events.bytes)
            events.add(field, from: start)
        case .sourcePort, .targetPort, .networkBytes:
            guard text.range.count <= (field == .networkBytes ? 18 : 5), draft.take(field) else {
                return false
            }
            for index in text.range where !source[index].isDigit { return false }
            text.append(field, source, &events)
        case .userName, .userTarget:
            guard !Placeholder.isNobody(source, text.range), draft.take(field) else { return false }
            FieldText(range: text.nameRange(source), shift: text.shift).append(field, source, &events)
        case .sessionID:
            guard !text.isUnsetSession(source), draft.take(field) else { return false }
            text.append(field, source, &events)
        case .softwareKB:
            guard draft.take(field) else { return false }
            text.putArticle(field, source, &events)
        case .networkTransport:
            guard draft.take(field) else { return false }
            if let name = ProtocolNumbers.name(source, text.range) {
                events.add(field, name)
            } else {
                text.append(field, source, &events)
            }
        case .patientToken:
            guard draft.take(field) else { return false }
            events.add(field, siteKey.token(of: source, text.range))
        default:
            guard draft.take(field) else { return false }
            text.append(field, source, &events)
        }
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
        guard !values.leaves.isEmpty else { return }
        for index in decoders.decoders[decoder].dropped.range {
            usedStamps[Int(decoders.tables.numbers[index])] = usedStamp
        }
        for slot in StandardSlot.timeSlots { usedStamps[slot] = usedStamp }
        for index in values.leaves.indices {
            let leaf = values.leaves[index]
            guard leaf.element < 0 || Int(leaf.element) == element else { continue }
            if leaf.slot >= 0, usedStamps[Int(leaf.slot)] == usedStamp { continue }
            if leaf.shortSlot >= 0, usedStamps[Int(leaf.shortSlot)] == usedStamp { continue }
            guard leaf.value.end > leaf.value.start, leaf.key.range.count <= Normalizer.keyLengthMaxBytes
            else { continue }
            let range = leaf.value.range
            let isEmpty =
                leaf.value.isInWork
                ? Placeholder.holds(values.work.span, range) : Placeholder.holds(bytes.span, range)
            if isEmpty { continue }
            switch nameField(leaf, bytes) {
            case .field(let field):
                if leaf.value.isInWork {
                    FieldText(range: range, shift: nil).append(field, values.work.span, &events)
                } else {
                    FieldText(range: range, shift: recordShift).append(field, bytes.span, &events)
                }
            case .patient, .unknown:
                guard draft.take(.patientToken) else { continue }
                let token =
                    leaf.value.isInWork
                    ? siteKey.token(of: values.work.span, range) : siteKey.token(of: bytes.span, range)
                events.add(.patientToken, token)
            }
        }
    }

    /// Longest key that becomes a field name; a longer one is no name but data, and stays in the raw bytes.
    static let keyLengthMaxBytes = 128

    /// Where the value of a leaf goes.
    private mutating func nameField(_ leaf: BodyValues.Leaf, _ bytes: [UInt8]) -> NameField {
        if leaf.name >= 0 {
            let known = nameFields[Int(leaf.name)]
            guard case .unknown = known else { return known }
        }
        return nameField(leaf.key.isInWork ? values.work : bytes, leaf.key.range)
    }

    /// Where the values of a key go.
    mutating func nameField(_ keys: [UInt8], _ key: Range<Int>) -> NameField {
        let number: Int
        if let known = names.number(keys.span, key) {
            number = known
        } else if dynamicCount < FieldTable.nameCountMax {
            number = names.insert(keys.span, key)
            nameFields.append(.unknown)
        } else {
            return field(ofKey: keys, key)
        }
        if case .unknown = nameFields[number] { nameFields[number] = field(ofKey: keys, key) }
        return nameFields[number]
    }

    /// The field `ext.KEY`; of a key whose field is ours to make, the name of a claim.
    private mutating func field(ofKey bytes: [UInt8], _ key: Range<Int>) -> NameField {
        if PatientKeys.contains(bytes, key) { return .patient }
        let prefix = isMade(bytes, key) ? MadeFields.claimPrefix : "ext."
        return .field(fields.field(named: Array(prefix.utf8) + bytes[key]))
    }

    private func isMade(_ bytes: [UInt8], _ key: Range<Int>) -> Bool {
        MadeFields.names.contains { $0.utf8.elementsEqual(bytes[key]) }
    }

    /// Reads a time of a body, where the header has none or one whose zone is assumed while that of the body
    /// is stated.
    static func readTime(_ source: Span<UInt8>, _ range: Range<Int>, _ work: inout RecordWork) {
        guard work.isTimeOpen, let stamp = BodyTime(source, range, work.context) else { return }
        guard !work.envelope.time.isPresent || !stamp.issues.contains(.timeZoneAssumed) else { return }
        if work.envelope.time.isPresent {
            work.envelope.issues.subtract(.assumedTime)
            work.header.issues.subtract(.assumedTime)
            work.isTimeStated = true
        }
        work.envelope.time = stamp.time
        work.envelope.hasFraction = stamp.hasFraction
        work.header.issues.formUnion(stamp.issues)
    }

    /// The time that a keyed body states, when the header has none or is not sure.
    mutating func readBodyTime(_ work: inout RecordWork, _ bytes: [UInt8]) {
        for slot in StandardSlot.timeSlots {
            guard work.isTimeOpen else { return }
            guard let value = values.value(slot) else { continue }
            if value.isInWork {
                Normalizer.readTime(values.work.span, value.range, &work)
            } else {
                Normalizer.readTime(bytes.span, value.range, &work)
            }
        }
        readTimeOfParts(&work, bytes)
    }
}

/// What devices write where they have no value.
enum Placeholder {
    private static let texts = [
        "-", "--", "?", "N/A", "N\\A", "None", "NULL", "<none>", "(none)", "(null)", "<null>", "<nil>",
        "(empty)",
    ]
    .map {
        Array($0.utf8)
    }

    /// What devices write for a user whom they do not know, in lower case; no account is called so.
    private static let nobodies = [
        "no authentication required", "unauthenticated-user", "not found", "not available", "not applicable",
        "no user", "unknown user", "n/a", "<n/a>", "<unknown>", "(unknown)", "[unknown]", "(invalid user)",
        "unknown (sso failed)",
    ].map { Array($0.utf8) }

    /// Whether the text at `range` says that no user is known.
    static func isNobody(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard let first = range.first, [0x6e, 0x75, 0x3c, 0x28, 0x5b].contains(bytes[first].folded) else {
            return false
        }
        for text in nobodies where text.count == range.count {
            var lane = 0
            while lane < text.count, bytes[first + lane].folded == text[lane] { lane += 1 }
            if lane == text.count { return true }
        }
        return false
    }

    /// Whether the text at `range` is empty or stands for "none".
    static func holds(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
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
        "pat_id", "patient.token",
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
