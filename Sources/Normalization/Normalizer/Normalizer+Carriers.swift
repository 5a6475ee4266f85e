// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Messages that come inside another form: an entry of the systemd journal, a GELF object.
///
/// Their inner text is decoded as if it had come by syslog; what the outer form says besides stays in `ext.*`
/// under its own name.
extension Normalizer {
    /// Fields of one entry that are kept; further ones stay in the raw bytes and the event says
    /// `decode_truncated`.
    private static let carriedCountMax = 128
    /// Longest value that is kept as a field: a core dump is no field.
    private static let carriedLengthMaxBytes = 16_384

    /// Reads an entry of the journal: the header from fields that journald vouches for, where it does.
    ///
    /// Names that begin with `_` are set by journald itself; what the writer said of itself is kept beside
    /// them.
    mutating func readJournalEntry(_ work: inout RecordWork, _ bytes: [UInt8]) {
        work.header.issues.subtract(work.envelope.issues)
        var envelope = Envelope(body: work.record.upperBound..<work.record.upperBound)
        envelope.form = .rfc5424
        var command = 0..<0
        var claimed = (host: 0..<0, process: 0..<0)
        var stamps = (source: 0..<0, entry: 0..<0)
        var kept: [(name: Range<Int>, value: Range<Int>)] = []
        var isCut = false
        JournalEntry.forEach(bytes.span, work.record) { field in
            switch JournalName(bytes, field.name) {
            case .message where envelope.body.isEmpty: envelope.body = field.value
            case .identifier where envelope.application.isEmpty: envelope.application = field.value
            case .host where envelope.host.isEmpty: envelope.host = field.value
            case .process where envelope.processID.isEmpty: envelope.processID = field.value
            case .messageID where envelope.messageID.isEmpty: envelope.messageID = field.value
            case .claimedHost: claimed.host = field.value
            case .claimedProcess: claimed.process = field.value
            case .sourceTime: stamps.source = field.value
            case .entryTime: stamps.entry = field.value
            case .priority where field.value.count == 1:
                let digit = bytes[field.value.lowerBound]
                if (0x30...0x37).contains(digit) { envelope.severity = digit - 0x30 }
            case .transportNote: break
            case let name:
                if name == .command { command = field.value }
                let fits =
                    kept.count < Normalizer.carriedCountMax
                    && field.value.count <= Normalizer.carriedLengthMaxBytes
                if fits { kept.append((field.name, field.value)) } else { isCut = true }
            }
        }
        if envelope.application.isEmpty { envelope.application = command }
        if envelope.host.isEmpty { envelope.host = claimed.host }
        if envelope.processID.isEmpty { envelope.processID = claimed.process }
        for stamp in [stamps.source, stamps.entry] where !envelope.time.isPresent && !stamp.isEmpty {
            guard let epoch = EpochTime.read(bytes.span, stamp) else { continue }
            (envelope.time, envelope.hasFraction) = (epoch.time, epoch.hasFraction)
        }
        if envelope.host.isEmpty { envelope.issues.insert(.missingHost) }
        if envelope.body.isEmpty { envelope.issues.insert(.emptyMessage) }
        carried = kept
        work.envelope = envelope
        work.text = envelope.body
        work.header.severity = envelope.severity
        work.header.issues.formUnion(envelope.issues)
        if isCut { work.header.issues.insert(.decodeTruncated) }
    }

    /// Adds the fields that came around the message to the newest event.
    mutating func addCarried(_ bytes: [UInt8], _ draft: inout EventFiller, _ events: inout EventBatch) {
        for field in carried where !field.value.isEmpty {
            switch nameField(bytes, field.name) {
            case .field(let number): append(number, bytes, field.value, isRecord: true, &events)
            case .patient, .unknown:
                guard draft.take(.patientToken) else { continue }
                events.add(.patientToken, siteKey.token(of: bytes.span, field.value))
            }
        }
    }

    /// A GELF object: its level counts as severity, and its text is offered to the decoders of its
    /// application.
    ///
    /// - Returns: Whether one of them took it; otherwise nothing but the severity has changed.
    mutating func routeGELF(_ work: inout RecordWork, _ bytes: [UInt8], _ events: inout EventBatch) -> Bool {
        guard work.keyed == .json, let slot = gelfTextSlot, let text = values.value(slot) else {
            return false
        }
        var parts = GELFParts()
        for leaf in values.leaves where !leaf.key.isInWork { parts.note(leaf, bytes, work.record) }
        guard parts.hasVersion, let host = parts.host else { return false }
        if let level = parts.level, work.header.severity == 255 { work.header.severity = level }
        guard !text.isInWork, !text.range.isEmpty, work.record.contains(text.range.lowerBound) else {
            return false
        }
        let saved = work
        work.envelope.body = text.range
        work.envelope.host = host
        work.envelope.application = parts.application
        work.envelope.processID = parts.process
        work.text = text.range
        work.keyed = nil
        readBodyTime(&work, bytes)
        values.removeLeaves { parts.isHeader($0, bytes) }
        setStandard(StandardSlot.body, text.range)
        values.clear(StandardSlot.body)
        setStandard(StandardSlot.body, text.range)
        setStandard(StandardSlot.application, parts.application)
        setStandard(StandardSlot.host, host)
        hasScannedLiterals = false
        if routeCode(&work, bytes, &events) || routeApplication(&work, bytes, &events) { return true }
        let severity = work.header.severity
        work = saved
        work.header.severity = severity
        hasScannedLiterals = false
        values.removeAll()
        setStandard(StandardSlot.body, work.envelope.body)
        _ = values.addJSON(bytes.span, work.envelope.body, names)
        return false
    }
}

/// What the header of a GELF object says.
private struct GELFParts {
    var hasVersion = false
    var host: Range<Int>?
    var application = 0..<0
    var process = 0..<0
    var level: UInt8?

    private static let applications = Set(
        [
            "_application_name", "_application", "_app", "_app_name", "_program", "_process_name", "_tag",
            "_syslog_identifier", "_SYSLOG_IDENTIFIER", "_ident", "facility",
        ].map { Array($0.utf8) }
    )
    private static let processes = Set(["_pid", "_process_id", "_procid", "_PID"].map { Array($0.utf8) })

    mutating func note(_ leaf: BodyValues.Leaf, _ bytes: [UInt8], _ record: Range<Int>) {
        let (key, value) = (leaf.key.range, leaf.value.range)
        guard !leaf.value.isInWork, key.count <= 20 else { return }
        switch bytes[key.lowerBound] {
        case 0x76: if names(bytes, key, "version"), bytes[value.lowerBound] == 0x31 { hasVersion = true }
        case 0x68: if names(bytes, key, "host"), !value.isEmpty { host = value }
        case 0x6c:
            if names(bytes, key, "level"), value.count == 1, (0x30...0x37).contains(bytes[value.lowerBound]) {
                level = bytes[value.lowerBound] - 0x30
            }
        case 0x5f, 0x66:
            let name = Array(bytes[key])
            if application.isEmpty, GELFParts.applications.contains(name) { application = value }
            if process.isEmpty, GELFParts.processes.contains(name) { process = value }
        default: break
        }
    }

    /// Whether a leaf says what the header of the event says then.
    func isHeader(_ leaf: BodyValues.Leaf, _ bytes: [UInt8]) -> Bool {
        let key = leaf.key.range
        guard !leaf.key.isInWork, !leaf.value.isInWork else { return false }
        return ["version", "host", "level", "short_message"].contains { names(bytes, key, $0) }
            || leaf.value.range == application || leaf.value.range == process
    }

    private func names(_ bytes: [UInt8], _ key: Range<Int>, _ name: String) -> Bool {
        bytes[key].elementsEqual(name.utf8)
    }
}

/// The fields of the journal that are more than themselves. Source: systemd.journal-fields(7).
private enum JournalName {
    case message
    case identifier
    case host
    case process
    case messageID
    case claimedHost
    case claimedProcess
    case sourceTime
    case entryTime
    case priority
    case command
    /// Where the entry lies in its journal: means nothing elsewhere, and differs in every entry.
    case transportNote
    case other

    private static let known: [[UInt8]: JournalName] = Dictionary(
        uniqueKeysWithValues: [
            ("MESSAGE", message), ("SYSLOG_IDENTIFIER", identifier), ("_HOSTNAME", host), ("_PID", process),
            ("MESSAGE_ID", messageID), ("HOSTNAME", claimedHost), ("SYSLOG_PID", claimedProcess),
            ("_SOURCE_REALTIME_TIMESTAMP", sourceTime), ("__REALTIME_TIMESTAMP", entryTime),
            ("PRIORITY", priority), ("_COMM", command), ("__CURSOR", transportNote),
            ("__MONOTONIC_TIMESTAMP", transportNote), ("__SEQNUM", transportNote),
            ("__SEQNUM_ID", transportNote), ("_SOURCE_MONOTONIC_TIMESTAMP", transportNote),
        ].map { (Array($0.0.utf8), $0.1) }
    )

    init(_ bytes: [UInt8], _ name: Range<Int>) { self = JournalName.known[Array(bytes[name])] ?? .other }
}
