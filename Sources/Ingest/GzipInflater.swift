// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import CZlib
import EventModel
import WireFormats

/// Inflates a gzip stream piece by piece, any number of members after another (RFC 1952 section 2.2), or one
/// zlib stream (RFC 1950).
///
/// Owned by one thread; memory is zlib's window and one output piece.
@safe final class GzipInflater {
    /// Bytes given out at once.
    static let pieceSizeBytes = 262_144

    private let stream: UnsafeMutablePointer<z_stream>
    private let coding: PayloadCoding
    private let pieceSizeBytes: Int
    private var isMemberOpen = true
    /// Whether the bytes so far end with a member: a file that ends elsewhere was cut.
    private(set) var isComplete = false

    /// Whether a file that starts with `bytes` is gzip.
    static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

    init(
        _ coding: PayloadCoding = .gzip,
        pieceSizeBytes: Int = GzipInflater.pieceSizeBytes
    ) throws(WardlineError) {
        self.coding = coding
        self.pieceSizeBytes = pieceSizeBytes
        // Valid: allocated and initialised here, freed in deinit; zlib keeps no other pointer to it.
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 is the largest window, 16 asks for the gzip form.
        let window: Int32 = coding == .gzip ? 15 + 16 : 15
        let code = unsafe inflateInit2_(stream, window, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            throw WardlineError(.internal, "zlib refused to start.", cause: "code \(code)")
        }
    }

    deinit {
        // Valid: nobody else holds the stream.
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Inflates `input` and gives the bytes out in pieces.
    ///
    /// - Throws: `input` when the bytes are no gzip or a checksum is wrong; what came before was given out.
    func inflate(_ input: [UInt8], _ give: ([UInt8]) throws(WardlineError) -> Void) throws(WardlineError) {
        var taken = 0
        while taken < input.count {
            var output = [UInt8](repeating: 0, count: pieceSizeBytes)
            if !isMemberOpen {
                guard coding == .gzip else {
                    throw WardlineError(.input, "There are bytes behind the zlib data.")
                }
                // Zeros after the last member are padding of some writers.
                guard input[taken] != 0 else {
                    taken += 1
                    continue
                }
                unsafe _ = inflateReset(stream)
                isMemberOpen = true
            }
            isComplete = false
            let (code, consumed, made) = step(input, from: taken, into: &output)
            taken += consumed
            output.removeLast(output.count - made)
            if made > 0 { try give(output) }
            if code == Z_STREAM_END {
                isMemberOpen = false
                isComplete = true
            } else if code != Z_OK && code != Z_BUF_ERROR {
                throw WardlineError(
                    .input,
                    "The gzip data is damaged; the records before the damage were taken.",
                    cause: "zlib \(code)"
                )
            }
        }
        try drain(give)
    }

    /// Gives out what zlib holds although all input was taken.
    private func drain(_ give: ([UInt8]) throws(WardlineError) -> Void) throws(WardlineError) {
        while isMemberOpen {
            var output = [UInt8](repeating: 0, count: pieceSizeBytes)
            let (code, _, made) = step([0], from: 1, into: &output)
            output.removeLast(output.count - made)
            if made > 0 { try give(output) }
            if code == Z_STREAM_END {
                isMemberOpen = false
                isComplete = true
            }
            guard made == pieceSizeBytes else { return }
        }
    }

    private func step(
        _ input: [UInt8],
        from start: Int,
        into output: inout [UInt8]
    ) -> (code: Int32, consumed: Int, made: Int) {
        var input = input
        let (inputCount, outputCount) = (input.count, output.count)
        // Valid: both arrays outlive the call, and zlib is told their lengths.
        return unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                unsafe stream.pointee.next_in = source.baseAddress.map { unsafe $0 + start }
                unsafe stream.pointee.avail_in = UInt32(inputCount - start)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(outputCount)
                let code = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
                let rest = unsafe Int(stream.pointee.avail_in)
                let free = unsafe Int(stream.pointee.avail_out)
                return (code, inputCount - start - rest, outputCount - free)
            }
        }
    }
}
