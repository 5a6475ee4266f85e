// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Platform

/// The functions of libdeflate that write the zlib format, found when the process first asks for them.
///
/// Loaded at run time, so that a build needs zlib alone. `@unchecked Sendable`: addresses of functions, which
/// have no state of their own; each compressor has its state.
@safe struct Libdeflate: @unchecked Sendable {
    typealias Allocate = @convention(c) (Int32) -> OpaquePointer?
    typealias Compress =
        @convention(c) (OpaquePointer?, UnsafeRawPointer?, Int, UnsafeMutableRawPointer?, Int) -> Int
    typealias Free = @convention(c) (OpaquePointer?) -> Void

    let allocate: Allocate
    let compress: Compress
    let free: Free

    /// Nil where the machine has none.
    static let shared = Libdeflate()

    private init?() {
        guard let library = SharedLibrary("libdeflate.so.0"),
            let allocate = unsafe library.address(of: "libdeflate_alloc_compressor"),
            let compress = unsafe library.address(of: "libdeflate_zlib_compress"),
            let free = unsafe library.address(of: "libdeflate_free_compressor")
        else { return nil }
        // Valid: the types of libdeflate.h, whose interface the `.0` of the file's name stands for.
        unsafe self.allocate = unsafeBitCast(allocate, to: Allocate.self)
        unsafe self.compress = unsafeBitCast(compress, to: Compress.self)
        unsafe self.free = unsafeBitCast(free, to: Free.self)
    }
}

/// A libdeflate compressor that is used again and again; it knows no dictionaries.
///
/// Not thread-safe: owned by one encoder.
@safe final class LibdeflateStream {
    private let library: Libdeflate
    private let compressor: OpaquePointer

    /// A compressor of libdeflate's `level`, 1...12; nil without the library or its memory.
    init?(level: Int32) {
        guard let library = Libdeflate.shared, let compressor = unsafe library.allocate(level) else {
            return nil
        }
        self.library = library
        unsafe self.compressor = compressor
    }

    // Valid: allocated by the initialiser, freed once.
    deinit { unsafe library.free(compressor) }

    /// Appends `range` of `bytes` in the zlib format; false, and nothing appended, when that is not smaller.
    func append(_ bytes: [UInt8], _ range: Range<Int>, to output: inout [UInt8]) -> Bool {
        guard range.count > 1 else { return false }
        let start = output.count
        // One byte less than the input: what does not fit does not pay.
        let capacity = range.count - 1
        output.append(contentsOf: repeatElement(0, count: capacity))
        var length = 0
        // Valid: libdeflate reads exactly the range, whose slice checks it, and writes at most `capacity`
        // bytes after `start`, which were appended above; both pointers end with the closures.
        unsafe bytes[range].withUnsafeBytes { source in
            unsafe output.withUnsafeMutableBytes { target in
                length = unsafe library.compress(
                    compressor,
                    source.baseAddress,
                    source.count,
                    target.baseAddress?.advanced(by: start),
                    capacity
                )
            }
        }
        output.removeLast(capacity - length)
        return length > 0
    }
}
