// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform

/// The decode thread: catch up, then decode what the log thread has made durable.
extension Engine {
    func runDecode(_ decoder: inout any RecordDecoder, from next: Offset, startedAt start: Offset) {
        do {
            // Newer records must not be judged before those that a stop has left unread.
            try prepare(&decoder, before: next)
            if try catchUp(&decoder, from: next, below: start) { decodeNew(&decoder) }
        } catch {
            fail(error)
        }
        judgeQueue.close()
        // The log thread must not wait for a thread that is gone.
        decodeQueue.close()
        for item in decodeQueue.takeAll() {
            guard case .settle(let receipt) = item else { continue }
            receipt.fulfil(.failure(Engine.unjudged))
        }
    }

    /// Shows the decoder what lies before the place where judgement goes on.
    private func prepare(_ decoder: inout any RecordDecoder, before next: Offset) throws(WardlineError) {
        let count = UInt64(JudgeSnapshot.decodedBeforeCount)
        var place = Offset(next.value > count ? next.value - count : 0)
        while place < next, let (base, batch) = try records.read(from: place, below: next), batch.count > 0 {
            place = decoder.decode(batch, base: base).end
        }
    }

    /// Decodes what the log held before the start and the judge has not seen.
    ///
    /// - Returns: False when a stop ended it early; the next start goes on there.
    private func catchUp(
        _ decoder: inout any RecordDecoder,
        from next: Offset,
        below end: Offset
    ) throws(WardlineError) -> Bool {
        var next = next
        while next < end {
            guard !pause.isClosed else { return false }
            let found = try records.read(from: next, below: end)
            let (base, batch) = found ?? (end, RecordBatch())
            if base > next {
                options.report(
                    "warning: records \(next) to \(Offset(base.value - 1)) are missing or damaged and not "
                        + "judged; `wardline verify` tells more"
                )
            }
            guard batch.count > 0 else { break }
            let decoded = decoder.decode(batch, base: base)
            guard judgeQueue.put(.records(decoded), weight: decoded.memoryBytes) else { return false }
            next = decoded.end
        }
        records.endReading()
        return true
    }

    private func decodeNew(_ decoder: inout any RecordDecoder) {
        while let item = decodeQueue.take() {
            switch item {
            case .records(let batch, let base):
                let decoded = decoder.decode(batch, base: base)
                guard judgeQueue.put(.records(decoded), weight: decoded.memoryBytes) else { return }
            case .settle(let receipt):
                guard !judgeQueue.put(.settle(receipt), weight: 1) else { continue }
                receipt.fulfil(.failure(Engine.unjudged))
            }
        }
    }
}
