// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Whole buffers in the zlib format (RFC 1950), for what is kept beside the log.
public enum ZlibFormat {
    /// The bytes packed at the fastest level; nil where that saves nothing.
    public static func packed(_ bytes: [UInt8]) throws(LogError) -> [UInt8]? {
        try Deflate.compress(bytes, level: 1)
    }

    /// What `range` of `bytes` holds, `length` bytes; nil if it is anything else.
    ///
    /// Allocates `length` bytes, which the caller has bounded.
    public static func unpacked(_ bytes: [UInt8], _ range: Range<Int>, length: Int) -> [UInt8]? {
        Deflate.decompress(bytes, range, length: length)
    }
}
