// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import CCRC32C
import EventModel

/// CRC-32C (Castagnoli), by the processor's instruction where there is one and else slice-by-16, with the
/// masked form that the log stores.
///
/// Finds accidents, not attackers. The stored form is ``masked(_:)``: the checksum of no bytes is then not
/// zero, and no run of zeros carries its own checksum by chance of the format, so a zero-filled tail never
/// validates.
///
/// - Source: CRC-32/ISCSI in RFC 3720 section 12.1: polynomial 0x1EDC6F41 (reflected 0x82F63B78), initial
///   value and final exclusive-or 0xFFFFFFFF. Check value of `123456789`: 0xE3069283.
public struct CRC32C: Sendable {
    /// Added after rotating; any constant that is not the rotation of a likely checksum serves.
    public static let maskDelta: UInt32 = 0xa282_ead8

    private var state: UInt32 = 0xffff_ffff

    /// Starts with no bytes.
    public init() {}

    /// The checksum of `bytes`.
    public static func checksum(_ bytes: [UInt8]) -> UInt32 {
        checksum(bytes.span, 0..<bytes.count)
    }

    /// The checksum of `range` of `bytes`.
    public static func checksum(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes, range)
        return crc.value
    }

    /// The stored form of a checksum: rotated right by 15 bits, then ``maskDelta`` is added.
    public static func masked(_ value: UInt32) -> UInt32 {
        (value >> 15 | value << 17) &+ maskDelta
    }

    /// The checksum of all bytes added so far.
    public var value: UInt32 { ~state }

    /// Adds `range` of `bytes`.
    ///
    /// - Complexity: O(bytes), eight or sixteen at a time; no allocation.
    public mutating func update(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        update(bytes, range, byInstruction: CRC32C.hasInstruction)
    }

    /// Whether this processor has an instruction for it.
    static let hasInstruction = crc32c_instruction_exists() != 0

    /// As ``update(_:_:)``, by the instruction, which must be there, or by tables.
    mutating func update(_ bytes: Span<UInt8>, _ range: Range<Int>, byInstruction: Bool) {
        let part = bytes.extracting(range)
        guard byInstruction, part.count >= 8 else {
            updateByTables(part)
            return
        }
        let words = part.count / 8
        // Valid: the instruction exists, and reads eight bytes for each whole word of the part.
        unsafe part.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { state = unsafe crc32c_words(state, start, words) }
        }
        if part.count % 8 > 0 { updateByTables(part.extracting(words * 8..<part.count)) }
    }

    private mutating func updateByTables(_ part: Span<UInt8>) {
        let table = CRC32C.table.span
        // Known here, so that no look-up is checked in the loop.
        precondition(table.count == 4_096, "sixteen tables of 256")
        var crc = state
        var index = 0
        let wide = part.count & ~15
        while index < wide {
            let low = part.word(at: index) ^ UInt64(crc)
            let high = part.word(at: index + 8)
            crc = table[3_840 + Int(low & 255)] ^ table[3_584 + Int(low >> 8 & 255)]
            crc ^= table[3_328 + Int(low >> 16 & 255)] ^ table[3_072 + Int(low >> 24 & 255)]
            crc ^= table[2_816 + Int(low >> 32 & 255)] ^ table[2_560 + Int(low >> 40 & 255)]
            crc ^= table[2_304 + Int(low >> 48 & 255)] ^ table[2_048 + Int(low >> 56)]
            crc ^= table[1_792 + Int(high & 255)] ^ table[1_536 + Int(high >> 8 & 255)]
            crc ^= table[1_280 + Int(high >> 16 & 255)] ^ table[1_024 + Int(high >> 24 & 255)]
            crc ^= table[768 + Int(high >> 32 & 255)] ^ table[512 + Int(high >> 40 & 255)]
            crc ^= table[256 + Int(high >> 48 & 255)] ^ table[Int(high >> 56)]
            index += 16
        }
        while index < part.count {
            crc = crc >> 8 ^ table[Int((crc ^ UInt32(part[index])) & 255)]
            index += 1
        }
        state = crc
    }

    /// Sixteen tables of 256: entry `256 * k + b` is the effect of byte `b` followed by `k` zero bytes.
    private static let table: [UInt32] = {
        var table = [UInt32](repeating: 0, count: 4_096)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
            table[byte] = value
        }
        for index in 256..<4_096 {
            let before = table[index - 256]
            table[index] = before >> 8 ^ table[Int(before & 255)]
        }
        return table
    }()
}
