// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// Bytes that compressor and decompressor know beforehand, so that even the first mention of a common phrase
/// is a reference.
///
/// A compressed page names its dictionary by checksum (RFC 1950, section 2.2); a page without one is plain.
///
/// - Source: `schemas/disk/record-columns-v2.md`, section 3.
struct PresetDictionary: Sendable {
    /// Most bytes: what DEFLATE reaches, less what zlib keeps ahead of its place.
    static let sizeMaxBytes = 32_506

    /// What devices and services write, frozen for ever.
    static let phrases = PresetDictionary(Array(text.utf8))

    /// At most ``sizeMaxBytes``.
    let bytes: [UInt8]
    /// Adler-32 of the bytes, which stored pages name.
    let id: UInt32

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        id = Deflate.adler32(bytes)
    }

    /// The phrases and the kept bytes of `records`, one record after another: the last ``sizeMaxBytes`` of
    /// them.
    init(_ records: RecordBatch) {
        var bytes = PresetDictionary.phrases.bytes
        for row in records.rows { bytes.append(records.bytes.span, row.range) }
        self.init(Array(bytes.suffix(PresetDictionary.sizeMaxBytes)))
    }
}
