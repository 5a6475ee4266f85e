// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension RecordBatch {
    /// Most records that the log is given at once: half of what it takes, which is a block.
    static let pieceCountMax = 8_192
    /// Most bytes that the log is given at once: half of what it takes, so that row data fits too.
    static let pieceSizeMaxBytes = 8 * 1_048_576

    /// The batch itself, or its records in order in several batches that the log takes.
    ///
    /// Listeners hand over small batches; only a stop of all reading can let one grow.
    func pieces(countMax: Int = pieceCountMax, sizeMaxBytes: Int = pieceSizeMaxBytes) -> [RecordBatch] {
        guard count > countMax || bytes.count > sizeMaxBytes else { return [self] }
        var pieces: [RecordBatch] = []
        var piece = RecordBatch()
        for row in rows {
            if piece.count == countMax || piece.count > 0 && piece.bytes.count + row.length > sizeMaxBytes {
                pieces.append(piece)
                piece = RecordBatch()
            }
            let origin = piece.index(of: origins[Int(row.origin)])
            piece.append(
                bytes.span,
                row.range,
                kind: row.kind,
                flags: row.flags,
                origin: origin,
                originalLength: row.originalLength,
                receiveTime: row.receiveTime
            )
        }
        if piece.count > 0 { pieces.append(piece) }
        return pieces
    }
}
