// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Writes the project's stored integers: little-endian, LEB128 varints, zigzag for signed, length-prefixed
/// bytes.
public struct ByteWriter: Sendable {
    /// What was written.
    public var bytes: [UInt8]

    /// Starts empty.
    public init() { bytes = [] }

    /// One byte.
    public mutating func write(_ value: UInt8) { bytes.append(value) }

    /// Two bytes, little-endian.
    public mutating func write(_ value: UInt16) { little(UInt64(value), 2) }

    /// Four bytes, little-endian.
    public mutating func write(_ value: UInt32) { little(UInt64(value), 4) }

    /// Eight bytes, little-endian.
    public mutating func write(_ value: UInt64) { little(value, 8) }

    /// Eight bytes, little-endian two's complement.
    public mutating func write(_ value: Int64) { little(UInt64(bitPattern: value), 8) }

    /// LEB128, 1...10 bytes.
    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Zigzag then LEB128.
    public mutating func signed(_ value: Int64) {
        varint(UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
    }

    /// Varint length, then the bytes.
    public mutating func counted(_ value: [UInt8]) {
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Varint length, then UTF-8.
    public mutating func counted(_ value: String) { counted(Array(value.utf8)) }

    private mutating func little(_ value: UInt64, _ count: Int) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(index * 8))) }
    }
}

/// Why stored bytes could not be read.
public enum ByteReaderError: Error, Hashable, Sendable {
    /// The bytes end before the value at this position does.
    case truncated(position: Int)
    /// The value at this position is out of its range.
    case invalid(position: Int)
}

/// Reads what ``ByteWriter`` wrote; every read is checked against the end and throws with its position.
public struct ByteReader: Sendable {
    /// The bytes being read.
    public let bytes: [UInt8]
    /// Next position.
    public private(set) var position: Int
    /// First position that is not read.
    public let end: Int

    /// Reads `range` of `bytes`.
    public init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// Bytes left.
    public var remaining: Int { end - position }

    /// Goes to a position that was read from before, or to the end.
    ///
    /// Traps when it is outside what is read.
    public mutating func seek(_ position: Int) {
        precondition(position >= 0 && position <= end, "\(position) is not inside what is read")
        self.position = position
    }

    /// One byte.
    public mutating func byte() throws(ByteReaderError) -> UInt8 {
        guard position < end else { throw .truncated(position: position) }
        position += 1
        return bytes[position - 1]
    }

    /// Two bytes, little-endian.
    public mutating func uint16() throws(ByteReaderError) -> UInt16 {
        UInt16(truncatingIfNeeded: try little(2))
    }

    /// Four bytes, little-endian.
    public mutating func uint32() throws(ByteReaderError) -> UInt32 {
        UInt32(truncatingIfNeeded: try little(4))
    }

    /// Eight bytes, little-endian.
    public mutating func uint64() throws(ByteReaderError) -> UInt64 { try little(8) }

    /// Eight bytes, little-endian two's complement.
    public mutating func int64() throws(ByteReaderError) -> Int64 { Int64(bitPattern: try little(8)) }

    /// LEB128 of at most 64 bits.
    public mutating func varint() throws(ByteReaderError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        let start = position
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw .invalid(position: start) }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
    }

    /// A varint that must fit a non-negative Int and be at most `limit`.
    public mutating func count(atMost limit: Int) throws(ByteReaderError) -> Int {
        let start = position
        let value = try varint()
        guard value <= UInt64(limit) else { throw .invalid(position: start) }
        return Int(value)
    }

    /// Zigzag LEB128.
    public mutating func signed() throws(ByteReaderError) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// `count` raw bytes, as their range.
    public mutating func range(_ count: Int) throws(ByteReaderError) -> Range<Int> {
        guard count >= 0, count <= remaining else { throw .truncated(position: position) }
        position += count
        return position - count..<position
    }

    /// Bytes with a varint length.
    public mutating func counted() throws(ByteReaderError) -> [UInt8] {
        let length = try count(atMost: remaining)
        return Array(bytes[try range(length)])
    }

    /// UTF-8 with a varint length; invalid sequences are repaired.
    public mutating func text() throws(ByteReaderError) -> String {
        String(decoding: try counted(), as: UTF8.self)
    }

    private mutating func little(_ count: Int) throws(ByteReaderError) -> UInt64 {
        guard count <= remaining else { throw .truncated(position: position) }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(index * 8) }
        position += count
        return value
    }
}

extension Span where Element == UInt8 {
    /// The eight bytes from `index` on, as a little-endian word.
    ///
    /// Traps when they are not all inside.
    @inlinable
    public func word(at index: Int) -> UInt64 {
        precondition(index >= 0 && index <= count - 8, "eight bytes from \(index) on are not in the span")
        // Valid: the precondition keeps the eight bytes inside the span.
        return unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }
}

extension String {
    /// The text of `range`; what is no UTF-8 is repaired.
    ///
    /// Traps when the range is not inside.
    @inlinable
    public init(decoding bytes: Span<UInt8>, _ range: Range<Int>) {
        // Valid: `extracting` checks the range, and the copy ends inside the closure.
        self = unsafe bytes.extracting(range).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }
}

extension [UInt8] {
    /// Appends `range` of `source` in one copy.
    ///
    /// Traps when the range is not inside.
    @inlinable
    public mutating func append(_ source: Span<UInt8>, _ range: Range<Int>) {
        // Valid: `extracting` checks the range, and the copy ends inside the closure.
        unsafe source.extracting(range).withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}

extension MutableSpan where Element == UInt8 {
    /// Copies `length` bytes of `source` from `start` on to `position`, eight at a time.
    ///
    /// Both sides must have room for `length` rounded up to a multiple of eight; traps when they have not.
    @inlinable
    public mutating func copyWords(_ source: Span<UInt8>, from start: Int, _ length: Int, to position: Int) {
        let room = (length + 7) & ~7
        precondition(
            position >= 0 && room <= count - position,
            "\(room) bytes from \(position) on are not inside"
        )
        // Valid: the precondition keeps every word inside; bytes need no alignment.
        var target = unsafe mutableBytes
        var lane = 0
        while lane < length {
            let word = source.word(at: start + lane)
            target.storeBytes(of: word, toByteOffset: position + lane, as: UInt64.self)
            lane += 8
        }
    }
}

extension MutableSpan where Element == UInt8 {
    /// Stores a word at `position`, little-endian.
    ///
    /// Traps when its eight bytes are not all inside.
    @inlinable
    public mutating func store(_ word: UInt64, at position: Int) {
        precondition(position >= 0 && position <= count - 8, "eight bytes at \(position) are not inside")
        // Valid: the precondition keeps the eight bytes inside; bytes need no alignment.
        var target = unsafe mutableBytes
        unsafe target.storeBytes(of: word.littleEndian, toUncheckedByteOffset: position, as: UInt64.self)
    }

    /// Copies `length` bytes of `source` from `start` on to `position`, sixteen at a time and at least once.
    ///
    /// Both sides must have room for sixteen bytes, and for `length` rounded up to a multiple of sixteen;
    /// traps when they have not. What follows the copy is overwritten as far as that goes.
    @inlinable
    public mutating func copyWide(_ source: Span<UInt8>, from start: Int, _ length: Int, to position: Int) {
        let room = Swift.max(16, (length + 15) & ~15)
        precondition(
            position >= 0 && room <= count - position && start >= 0 && room <= source.count - start,
            "\(room) bytes from \(start) or at \(position) on are not inside"
        )
        // Valid: the precondition keeps every load and store inside; bytes need no alignment.
        var target = unsafe mutableBytes
        let bytes = unsafe source.bytes
        var lane = 0
        repeat {
            let pair = unsafe bytes.unsafeLoadUnaligned(
                fromUncheckedByteOffset: start + lane,
                as: SIMD2<UInt64>.self
            )
            unsafe target.storeBytes(
                of: pair,
                toUncheckedByteOffset: position + lane,
                as: SIMD2<UInt64>.self
            )
            lane += 16
        } while lane < length
    }

    /// The sixteen bytes from `position` on, to be put back after copies that went beyond their end.
    ///
    /// Traps when they are not all inside.
    @inlinable
    public func pair(at position: Int) -> SIMD2<UInt64> {
        precondition(position >= 0 && position <= count - 16, "16 bytes at \(position) are not inside")
        // Valid: the precondition keeps the sixteen bytes inside; bytes need no alignment.
        let bytes = unsafe self.bytes
        return unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position,
            as: SIMD2<UInt64>.self
        )
    }

    /// Puts back what ``pair(at:)`` gave.
    ///
    /// Traps when the sixteen bytes are not all inside.
    @inlinable
    public mutating func store(_ pair: SIMD2<UInt64>, at position: Int) {
        precondition(position >= 0 && position <= count - 16, "16 bytes at \(position) are not inside")
        // Valid: the precondition keeps the sixteen bytes inside; bytes need no alignment.
        var target = unsafe mutableBytes
        unsafe target.storeBytes(of: pair, toUncheckedByteOffset: position, as: SIMD2<UInt64>.self)
    }
}

extension MutableSpan where Element == Int64 {
    /// Sets the first `count` numbers to `base` and a byte each of `plane`, from `start` on.
    ///
    /// Traps when there are fewer numbers or bytes.
    public mutating func set(_ count: Int, to plane: Span<UInt8>, from start: Int, above base: Int64) {
        precondition(
            count >= 0 && count <= self.count && start >= 0 && count <= plane.count - start,
            "\(count) bytes of a plane are not inside"
        )
        // Valid: the precondition keeps every index inside.
        for index in 0..<count {
            unsafe self[unchecked: index] = base &+ Int64(plane[unchecked: start + index])
        }
    }

    /// Adds a byte each of `plane`, from `start` on, shifted by `shift` bits, to the first `count` numbers.
    ///
    /// Traps when there are fewer numbers or bytes.
    public mutating func add(_ count: Int, of plane: Span<UInt8>, from start: Int, shiftedBy shift: Int64) {
        precondition(
            count >= 0 && count <= self.count && start >= 0 && count <= plane.count - start,
            "\(count) bytes of a plane are not inside"
        )
        // Valid: the precondition keeps every index inside.
        for index in 0..<count {
            unsafe self[unchecked: index] &+= Int64(plane[unchecked: start + index]) &<< shift
        }
    }
}
