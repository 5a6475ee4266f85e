// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import WireFormats

/// GELF datagrams to records: chunks joined, compression undone (decision 0025).
///
/// The record is the JSON text that the sender made. Where chunking or compression cannot be undone it is
/// what was received, byte for byte, flagged.
struct GELFIntake: Sendable {
    /// Most bytes that a payload may inflate to: the greatest message that 128 chunks carry uncompressed.
    ///
    /// A bomb costs the time for so many bytes and no memory beyond the record's cap.
    static let inflatedSizeMaxBytes = 8 * 1_048_576

    private let recordSizeMaxBytes: Int
    private var assembler = GELFAssembler<SocketAddress>()
    private var faults: InputFaults
    private let listener: String

    init(listener: String, recordSizeMaxBytes: Int) {
        self.listener = listener
        self.recordSizeMaxBytes = recordSizeMaxBytes
        faults = InputFaults(listener: listener)
    }

    /// Takes a datagram; false when it holds nothing.
    mutating func take(
        _ bytes: Span<UInt8>,
        from peer: SocketAddress,
        _ origin: UInt32,
        at time: UTCTime,
        _ now: Int64,
        into batch: inout RecordBatch
    ) -> Bool {
        guard GELFAssembler<SocketAddress>.isChunk(bytes) else {
            return add(copy(bytes), [], origin, time, &batch)
        }
        switch assembler.take(bytes, from: peer, at: now) {
        case .whole(let payload): _ = add(payload, .chunked, origin, time, &batch)
        case .held: break
        case .malformed:
            faults.note(.malformed, "a GELF chunk that fits no message: kept as received", at: time)
            put(copy(bytes), [.chunked, .unreadableCoding], origin, time, &batch)
        }
        return true
    }

    /// Puts out sets whose time is over, and tells of faults.
    mutating func look(
        at time: UTCTime,
        _ now: Int64,
        _ counters: ListenerCounters,
        into batch: inout RecordBatch
    ) {
        let first = batch.rows.count
        for set in assembler.takeIncomplete(at: now) {
            faults.note(
                .lost,
                "GELF messages of which not every chunk came in time: the others are kept as received",
                from: time.advanced(by: -GELFAssembler<SocketAddress>.ageMaxNanoseconds),
                at: time
            )
            let origin = batch.index(
                of: Origin(
                    listener: listener,
                    transport: .udp,
                    peer: set.peer.address,
                    peerPort: set.peer.port
                )
            )
            for datagram in set.datagrams { put(datagram, [.chunked, .partial], origin, time, &batch) }
        }
        counters.count(batch, from: first)
        faults.tell(at: time, now, counters, into: &batch)
    }

    private mutating func add(
        _ payload: [UInt8],
        _ flags: FrameFlags,
        _ origin: UInt32,
        _ time: UTCTime,
        _ batch: inout RecordBatch
    ) -> Bool {
        let coding = PayloadCoding(payload.span)
        guard coding != .plain else {
            var end = payload.count
            while end > 0, payload[end - 1] == 0x0a || payload[end - 1] == 0 { end -= 1 }
            if end > 0 { put(Array(payload[..<end]), flags, origin, time, &batch) }
            return end > 0
        }
        let limit = GELFIntake.inflatedSizeMaxBytes
        switch PayloadInflater.inflate(payload, coding, keep: recordSizeMaxBytes, limit: limit) {
        case .inflated(let kept, let length):
            put(kept, flags.union(.inflated), origin, time, &batch, length: length)
        case .tooLarge:
            faults.note(
                .malformed,
                "compressed GELF that holds more than \(limit) bytes: kept as received",
                at: time
            )
            put(payload, flags.union(.unreadableCoding), origin, time, &batch)
        case .damaged:
            faults.note(.malformed, "compressed GELF that is damaged or cut: kept as received", at: time)
            put(payload, flags.union(.unreadableCoding), origin, time, &batch)
        }
        return true
    }

    /// Appends a record, cut at the cap.
    private func put(
        _ bytes: [UInt8],
        _ flags: FrameFlags,
        _ origin: UInt32,
        _ time: UTCTime,
        _ batch: inout RecordBatch,
        length: Int? = nil
    ) {
        let original = length ?? bytes.count
        let end = min(bytes.count, recordSizeMaxBytes)
        batch.append(
            bytes.span,
            0..<end,
            kind: .device,
            flags: end < original ? flags.union(.truncated) : flags,
            origin: origin,
            originalLength: original,
            receiveTime: time
        )
    }

    private func copy(_ bytes: Span<UInt8>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.append(bytes, 0..<bytes.count)
        return copy
    }
}
