// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import CZlib

/// A zlib compressor that is used again and again.
///
/// Not thread-safe: owned by one encoder.
@safe final class DeflateStream {
    /// At an address that stays, because zlib checks it.
    private let stream: UnsafeMutablePointer<z_stream>
    /// What is compressed before it is known to be smaller.
    private var buffer: [UInt8] = []

    /// A compressor of zlib's `level`, 1...9.
    init(level: Int32) {
        // Valid: one zeroed stream, freed by `deinit`; zlib fills it.
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let code = unsafe deflateInit_(stream, level, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib has no memory for a compressor")
    }

    deinit {
        // Valid: set up by the initialiser, ended once.
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends `range` of `bytes` in the zlib format; false, and nothing appended, when that is not smaller.
    ///
    /// With a dictionary the reader must have the same one.
    func append(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        dictionary: PresetDictionary? = nil,
        to output: inout [UInt8]
    ) -> Bool {
        guard range.count > 1, unsafe deflateReset(stream) == Z_OK else { return false }
        if let dictionary {
            // Valid: zlib reads exactly the dictionary's bytes, and keeps a copy of its own.
            let code = unsafe dictionary.bytes.withUnsafeBufferPointer {
                unsafe deflateSetDictionary(stream, $0.baseAddress, UInt32($0.count))
            }
            guard code == Z_OK else { return false }
        }
        if buffer.count < range.count { buffer = [UInt8](repeating: 0, count: range.count) }
        // One byte less than the input: what does not fit does not pay.
        let capacity = range.count - 1
        var code = Z_STREAM_ERROR
        // Valid: zlib reads exactly the range, whose slice checks it, and writes at most `capacity` bytes,
        // which is below the length of the buffer; both pointers end with the closures.
        unsafe bytes[range].withUnsafeBufferPointer { source in
            unsafe buffer.withUnsafeMutableBufferPointer { target in
                unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.pointee.avail_in = UInt32(source.count)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(capacity)
                code = unsafe deflate(stream, Z_FINISH)
                unsafe stream.pointee.next_in = nil
                unsafe stream.pointee.next_out = nil
            }
        }
        guard code == Z_STREAM_END else { return false }
        let left = unsafe Int(stream.pointee.avail_out)
        output.append(contentsOf: buffer[..<(capacity - left)])
        return true
    }
}
