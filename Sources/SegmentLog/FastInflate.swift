// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Platform

/// A libdeflate decompressor, where the machine has the library: it reads the zlib format without
/// dictionaries, two to three times as fast as zlib.
///
/// What it cannot read zlib is asked for, so that the same bytes are read and refused on every machine. Not
/// thread-safe: owned by one reader.
///
/// - Source: decision 0020.
@safe final class FastInflate {
    private typealias Allocate = @convention(c) () -> OpaquePointer?
    private typealias Decompress =
        @convention(c) (
            OpaquePointer?, UnsafeRawPointer?, Int, UnsafeMutableRawPointer?, Int,
            UnsafeMutablePointer<Int>?, UnsafeMutablePointer<Int>?
        ) -> Int32
    private typealias Free = @convention(c) (OpaquePointer?) -> Void

    /// The functions of the library. `@unchecked Sendable`: they are addresses, and have no state of their
    /// own.
    @safe private struct Library: @unchecked Sendable {
        let allocate: Allocate
        let decompress: Decompress
        let free: Free

        static let shared = Library()

        private init?() {
            guard let library = SharedLibrary("libdeflate.so.0"),
                let allocate = unsafe library.address(of: "libdeflate_alloc_decompressor"),
                let decompress = unsafe library.address(of: "libdeflate_zlib_decompress_ex"),
                let free = unsafe library.address(of: "libdeflate_free_decompressor")
            else { return nil }
            // Valid: the types of libdeflate.h, whose interface the `.0` of the file's name stands for.
            unsafe self.allocate = unsafeBitCast(allocate, to: Allocate.self)
            unsafe self.decompress = unsafeBitCast(decompress, to: Decompress.self)
            unsafe self.free = unsafeBitCast(free, to: Free.self)
        }
    }

    private let library: Library
    private let decompressor: OpaquePointer

    /// Nil without the library or its memory.
    init?() {
        guard let library = Library.shared, let decompressor = unsafe library.allocate() else { return nil }
        self.library = library
        unsafe self.decompressor = decompressor
    }

    // Valid: allocated by the initialiser, freed once.
    deinit { unsafe library.free(decompressor) }

    /// Decompresses `source` into all of `target`; false if it is anything else.
    func decompress(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
        var (used, written) = (0, 0)
        // Valid: libdeflate reads exactly the source, and writes at most the target.
        let code = unsafe library.decompress(
            decompressor,
            source.baseAddress,
            source.count,
            target.baseAddress,
            target.count,
            &used,
            &written
        )
        return code == 0 && used == source.count && written == target.count
    }
}
