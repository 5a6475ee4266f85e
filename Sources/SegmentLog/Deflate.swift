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

    /// As ``decompress(_:_:length:)``, of bytes that may need one of `dictionaries`; nil also when they need
    /// another.
    static func decompress(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        length: Int,
        _ dictionaries: [PresetDictionary]
    ) -> [UInt8]? {
        guard needsDictionary(bytes, range) else { return decompress(bytes, range, length: length) }
        let start = range.lowerBound + 2
        let id = bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
        guard let dictionary = dictionaries.first(where: { $0.id == id }) else { return nil }
        return decompress(bytes, range, length: length, dictionary: dictionary)
    }

    /// Whether the bytes name a dictionary: the flag FDICT of RFC 1950, then its checksum.
    static func needsDictionary(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        range.count >= 6 && bytes[range.lowerBound + 1] & 0x20 != 0
    }

    /// The Adler-32 checksum of RFC 1950.
    static func adler32(_ bytes: [UInt8]) -> UInt32 {
        // Valid: zlib reads exactly the array.
        let sum = unsafe bytes.withUnsafeBufferPointer {
            unsafe CZlib.adler32(1, $0.baseAddress, UInt32($0.count))
        }
        return UInt32(truncatingIfNeeded: sum)
    }

    private static func decompress(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        length: Int,
        dictionary: PresetDictionary
    ) -> [UInt8]? {
        var isWhole = false
        // Valid: one zeroed stream at an address that stays, freed before the end; zlib reads exactly the
        // range, whose slice checks it, and the dictionary, and writes at most `length` bytes, the capacity.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let size = unsafe Int32(MemoryLayout<z_stream>.size)
        let result = unsafe [UInt8](unsafeUninitializedCapacity: max(1, length)) { buffer, count in
            guard unsafe inflateInit_(stream, ZLIB_VERSION, size) == Z_OK else { return }
            unsafe bytes[range].withUnsafeBufferPointer { source in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(source.count)
                unsafe stream.pointee.next_out = buffer.baseAddress
                unsafe stream.pointee.avail_out = UInt32(length)
                guard unsafe inflate(stream, Z_FINISH) == Z_NEED_DICT else { return }
                let code = unsafe dictionary.bytes.withUnsafeBufferPointer {
                    unsafe inflateSetDictionary(stream, $0.baseAddress, UInt32($0.count))
                }
                guard code == Z_OK else { return }
                let end = unsafe inflate(stream, Z_FINISH)
                isWhole =
                    unsafe end == Z_STREAM_END && stream.pointee.avail_in == 0
                    && stream.pointee.avail_out == 0
            }
            unsafe inflateEnd(stream)
            count = isWhole ? length : 0
        }
        unsafe stream.deallocate()
        return isWhole ? result : nil
    }

    /// Decompresses `range` of `bytes` into exactly `length` bytes; nil if it is anything else.
    ///
    /// Allocates `length` bytes, which the caller has bounded; stops when they are full.
    static func decompress(_ bytes: [UInt8], _ range: Range<Int>, length: Int) -> [UInt8]? {
        var isWhole = false
        let fast = FastInflate()
        // Valid: zlib writes at most `written`, which is the capacity; `range` lies inside the array (checked
        // by the slice), and zlib reads at most its length.
        let result = unsafe [UInt8](unsafeUninitializedCapacity: max(1, length)) { room, count in
            let buffer = unsafe UnsafeMutableBufferPointer(rebasing: room[..<length])
            var written = UInt(length)
            var used = UInt(range.count)
            let code = unsafe bytes[range].withUnsafeBufferPointer { source in
                let target = UnsafeMutableRawBufferPointer(buffer)
                if let fast, unsafe fast.decompress(UnsafeRawBufferPointer(source), into: target) {
                    return Z_OK
                }
                return unsafe uncompress2(buffer.baseAddress, &written, source.baseAddress, &used)
            }
            isWhole = code == Z_OK && written == UInt(length) && used == UInt(range.count)
            count = isWhole ? length : 0
        }
        return isWhole ? result : nil
    }
}

/// A zlib decompressor that is used again and again.
///
/// Not thread-safe: owned by one reader.
@safe final class InflateStream {
    /// At an address that stays, because zlib checks it.
    private let stream: UnsafeMutablePointer<z_stream>
    /// For bytes without a dictionary.
    private let fast = FastInflate()

    /// A decompressor of the zlib format.
    init() {
        // Valid: one zeroed stream, freed by `deinit`; zlib fills it.
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe inflateInit_(stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib has no memory for a decompressor")
        // What it decompresses carries a CRC-32C of the same bytes, so its own checksum is not computed.
        _ = unsafe inflateValidate(stream, 0)
    }

    deinit {
        // Valid: set up by the initialiser, ended once.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Decompresses `range` of `bytes` into exactly `length` bytes of `target` from `start` on; false if it
    /// is anything else.
    ///
    /// The bytes may need one of `dictionaries`. Traps when a range is not inside its bytes.
    func decompress(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        into target: inout [UInt8],
        at start: Int,
        _ length: Int,
        _ dictionaries: [PresetDictionary] = []
    ) -> Bool {
        precondition(start >= 0 && length > 0 && length <= target.count - start, "no room to decompress")
        if let fast, !Deflate.needsDictionary(bytes, range) {
            // Valid: the slices check that both ranges are inside; both pointers end with the closures.
            let isWhole = unsafe bytes[range].withUnsafeBytes { source in
                unsafe target.withUnsafeMutableBytes { buffer in
                    let part = unsafe UnsafeMutableRawBufferPointer(
                        rebasing: buffer[start..<start + length]
                    )
                    return unsafe fast.decompress(source, into: part)
                }
            }
            if isWhole { return true }
        }
        guard unsafe inflateReset(stream) == Z_OK else { return false }
        var code = Z_STREAM_ERROR
        // Valid: zlib reads exactly the range, whose slice checks it, and writes at most `length` bytes,
        // which the precondition keeps inside the target; both pointers end with the closures.
        unsafe bytes[range].withUnsafeBufferPointer { source in
            unsafe target.withUnsafeMutableBufferPointer { buffer in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(source.count)
                unsafe stream.pointee.next_out = buffer.baseAddress?.advanced(by: start)
                unsafe stream.pointee.avail_out = UInt32(length)
                code = unsafe inflate(stream, Z_FINISH)
                if code == Z_NEED_DICT, takeDictionary(dictionaries) {
                    code = unsafe inflate(stream, Z_FINISH)
                }
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.next_out = nil
            }
        }
        return unsafe code == Z_STREAM_END && stream.pointee.avail_in == 0 && stream.pointee.avail_out == 0
    }

    /// Gives the stream the dictionary that it asks for; false when it is not there.
    private func takeDictionary(_ dictionaries: [PresetDictionary]) -> Bool {
        let id = unsafe UInt32(truncatingIfNeeded: stream.pointee.adler)
        guard let dictionary = dictionaries.first(where: { $0.id == id }) else { return false }
        // Valid: zlib reads exactly the dictionary's bytes, and keeps a copy of its own.
        let code = unsafe dictionary.bytes.withUnsafeBufferPointer {
            unsafe inflateSetDictionary(stream, $0.baseAddress, UInt32($0.count))
        }
        return code == Z_OK
    }
}
