// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Entries of the systemd journal in its export form.
///
/// Their message is decoded as if it had come by syslog; what the entry says besides stays in `ext.*` under
/// its own name.
extension Normalizer {
    /// Fields around one message that are kept; further ones stay in the raw bytes and the event says
    /// `decode_truncated`.
    static let carriedCountMax = 128
    /// Longest value that is kept as a field: a core dump is no field.
    static let carriedLengthMaxBytes = 16_384

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
