// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Undoes the compression of one payload within bounds.
enum PayloadInflater {
    /// Bytes given out at once: most payloads fit.
    static let pieceSizeBytes = 16_384

    /// What became of a payload.
    enum Outcome {
        /// So many bytes were in it, of which the first are kept.
        case inflated(kept: [UInt8], length: Int)
        /// More than the bound is in it.
        case tooLarge
        /// It is no such data, was cut, or its checksum is wrong.
        case damaged
    }

    /// Inflates all of `payload`, keeps the first `keep` bytes, and stops beyond `limit`.
    ///
    /// - Complexity: O(`limit`) time, O(`keep`) memory, whatever the payload claims.
    static func inflate(_ payload: [UInt8], _ coding: PayloadCoding, keep: Int, limit: Int) -> Outcome {
        guard let inflater = try? GzipInflater(coding, pieceSizeBytes: pieceSizeBytes) else {
            return .damaged
        }
        var kept: [UInt8] = []
        var length = 0
        do throws(WardlineError) {
            try inflater.inflate(payload) { (piece) throws(WardlineError) in
                length += piece.count
                guard length <= limit else { throw WardlineError(.input, "The data is larger than allowed.") }
                kept += piece.prefix(max(0, keep - kept.count))
            }
        } catch {
            return length > limit ? .tooLarge : .damaged
        }
        return inflater.isComplete ? .inflated(kept: kept, length: length) : .damaged
    }
}
