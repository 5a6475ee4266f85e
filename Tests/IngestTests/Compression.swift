// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The bytes in the gzip form (RFC 1952), their runs of one byte packed.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
    }
    return gzip(deflated(bytes), crc: ~crc, length: bytes.count)
}

/// A gzip that gives `count` blanks; its checksum is wrong, which nobody reads that far.
func gzipBomb(_ count: Int) -> [UInt8] {
    var bits = BitWriter()
    bits.run(0x20, count)
    bits.finish()
    return gzip(bits.bytes, crc: 0, length: count)
}

/// The bytes in the zlib form (RFC 1950).
func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
        low = (low + UInt32(byte)) % 65_521
        high = (high + low) % 65_521
    }
    let sum = high << 16 | low
    return [0x78, 0x01] + deflated(bytes) + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
}

private func gzip(_ data: [UInt8], crc: UInt32, length: Int) -> [UInt8] {
    let numbers = [crc, UInt32(truncatingIfNeeded: length)]
    return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + data
        + numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
}

private func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var bits = BitWriter()
    bits.begin()
    var index = 0
    while index < bytes.count {
        var end = index + 1
        while end < bytes.count, bytes[end] == bytes[index] { end += 1 }
        bits.repeated(bytes[index], end - index)
        index = end
    }
    bits.end()
    bits.finish()
    return bits.bytes
}

/// DEFLATE with fixed codes (RFC 1951 section 3.2.6).
private struct BitWriter {
    var bytes: [UInt8] = []
    private var held: UInt32 = 0
    private var count: UInt32 = 0

    mutating func begin() { put(0b011, 3) }

    mutating func end() { code(0, 7) }

    mutating func run(_ byte: UInt8, _ count: Int) {
        begin()
        repeated(byte, count)
        end()
    }

    mutating func repeated(_ byte: UInt8, _ times: Int) {
        literal(byte)
        var rest = times - 1
        while rest >= 258 {
            // Length 258 is symbol 285, distance 1 is symbol 0.
            code(0b1100_0101, 8)
            code(0, 5)
            rest -= 258
        }
        for _ in 0..<rest { literal(byte) }
    }

    mutating func finish() {
        if count > 0 { bytes.append(UInt8(truncatingIfNeeded: held)) }
        (held, count) = (0, 0)
    }

    private mutating func literal(_ byte: UInt8) {
        if byte < 144 { code(0x30 + UInt32(byte), 8) } else { code(0x190 + UInt32(byte - 144), 9) }
    }

    /// Codes go in from their highest bit on.
    private mutating func code(_ code: UInt32, _ length: UInt32) {
        for bit in (0..<length).reversed() { put(code >> bit & 1, 1) }
    }

    private mutating func put(_ value: UInt32, _ length: UInt32) {
        held |= value << count
        count += length
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: held))
            held >>= 8
            count -= 8
        }
    }
}
