// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import CZlib

/// The binding to zlib: whole buffers in the zlib format (RFC 1950), always bounded by a known length.
enum Deflate {
    /// Compresses `bytes`; nil when that saves nothing.
    static func compress(_ bytes: [UInt8], level: Int32) throws(LogError) -> [UInt8]? {
        var code: Int32 = 0
        let capacity = Int(compressBound(UInt(bytes.count)))
        // Valid: zlib writes at most `written`, which is the capacity; it reads exactly the array.
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var written = UInt(capacity)
            unsafe bytes.withUnsafeBufferPointer { source in
                code = unsafe compress2(
                    buffer.baseAddress,
                    &written,
                    source.baseAddress,
                    UInt(source.count),
                    level
                )
            }
            count = code == Z_OK ? Int(written) : 0
        }
        guard code == Z_OK else { throw .compression(code: code) }
        return packed.count < bytes.count ? packed : nil
    }

    /// Decompresses `range` of `bytes` into exactly `length` bytes; nil if it is anything else.
    ///
    /// Allocates `length` bytes, which the caller has bounded; stops when they are full.
    static func decompress(_ bytes: [UInt8], _ range: Range<Int>, length: Int) -> [UInt8]? {
        var isWhole = false
        // Valid: zlib writes at most `written`, which is the capacity; `range` lies inside the array (checked
        // by the slice), and zlib reads at most its length.
        let result = unsafe [UInt8](unsafeUninitializedCapacity: max(1, length)) { buffer, count in
            var written = UInt(length)
            var used = UInt(range.count)
            let code = unsafe bytes[range].withUnsafeBufferPointer { source in
                unsafe uncompress2(buffer.baseAddress, &written, source.baseAddress, &used)
            }
            isWhole = code == Z_OK && written == UInt(length) && used == UInt(range.count)
            count = isWhole ? length : 0
        }
        return isWhole ? result : nil
    }
}
