// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Cuts the journal export format into entries: each becomes a record, its bytes as they came.
///
/// An entry is a run of fields, `NAME=value` on a line, or `NAME` on a line, a length of eight bytes, so many
/// bytes of any kind and a line end; an empty line ends it. Neither that line nor the last line end is part
/// of the record. Memory is bounded by the cap: of a longer entry the first bytes are kept. Source: systemd,
/// `JOURNAL_EXPORT_FORMATS.md`.
public struct JournalFramer: Sendable {
    /// Longest value in the binary form: what journald itself takes (768 MiB). A greater length is a lie, and
    /// its line is read as text.
    public static let valueSizeMaxBytes = UInt64(768 * 1_048_576)
    /// Longest name of a field, as journald takes it.
    public static let nameLengthMaxBytes = 64

    private enum State {
        /// At the start of a line; between entries if nothing is kept.
        case line
        /// In a line that may be a name; so many bytes of it came.
        case name(count: Int)
        /// In the value of a line, or in a line that is no field.
        case text
        /// In the length of a binary value.
        case length(count: Int, value: UInt64)
        /// In a binary value.
        case binary(remaining: UInt64)
        /// At the line end after a binary value.
        case end
    }

    private let sizeMaxBytes: Int
    private var state = State.line
    private var kept: [UInt8] = []
    private var length = 0
    private var isOdd = false

    /// A framer at the start of a stream; of each entry at most `sizeMaxBytes` are kept.
    public init(sizeMaxBytes: Int) { self.sizeMaxBytes = sizeMaxBytes }

    /// Takes bytes and appends the entries that they complete.
    public mutating func feed(_ bytes: Span<UInt8>, into target: inout FrameTarget) {
        var index = 0
        while index < bytes.count {
            if case .binary(let remaining) = state {
                let count = Int(min(remaining, UInt64(bytes.count - index)))
                keep(bytes, index..<index + count)
                index += count
                let rest = remaining - UInt64(count)
                state = rest == 0 ? .end : .binary(remaining: rest)
                continue
            }
            take(bytes[index], bytes, index, &target)
            index += 1
        }
    }

    /// The stream ended: what is held is an entry, flagged unless it ended with its line.
    public mutating func finish(into target: inout FrameTarget) {
        if case .line = state { emit([], &target) } else { emit(.partial, &target) }
        state = .line
    }

    private mutating func take(
        _ byte: UInt8,
        _ bytes: Span<UInt8>,
        _ index: Int,
        _ target: inout FrameTarget
    ) {
        switch state {
        case .line:
            if byte == 0x0a {
                emit([], &target)
                return
            }
            keep(bytes, index..<index + 1)
            guard JournalFramer.isNameByte(byte) else { return oddLine() }
            state = .name(count: 1)
        case .name(let count):
            keep(bytes, index..<index + 1)
            if byte == 0x3d {
                state = .text
            } else if byte == 0x0a {
                state = .length(count: 0, value: 0)
            } else if JournalFramer.isNameByte(byte), count < JournalFramer.nameLengthMaxBytes {
                state = .name(count: count + 1)
            } else {
                oddLine()
            }
        case .text:
            keep(bytes, index..<index + 1)
            if byte == 0x0a { state = .line }
        case .length(let count, let value):
            keep(bytes, index..<index + 1)
            let sum = value | UInt64(byte) << UInt64(8 * count)
            guard count == 7 else {
                state = .length(count: count + 1, value: sum)
                return
            }
            guard sum <= JournalFramer.valueSizeMaxBytes else { return oddLine() }
            state = sum == 0 ? .end : .binary(remaining: sum)
        case .end:
            keep(bytes, index..<index + 1)
            if byte == 0x0a { state = .line } else { oddLine() }
        case .binary: break
        }
    }

    /// A line that is no field: kept as it is up to its end, and the entry is flagged.
    private mutating func oddLine() {
        isOdd = true
        state = .text
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5f
    }

    private mutating func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        length += range.count
        let count = min(range.count, max(0, sizeMaxBytes - kept.count))
        kept.append(bytes, range.lowerBound..<range.lowerBound + count)
    }

    private mutating func emit(_ flags: FrameFlags, _ target: inout FrameTarget) {
        defer {
            kept.removeAll(keepingCapacity: kept.capacity <= 65_536)
            length = 0
            isOdd = false
        }
        guard length > 0 else { return }
        var flags = flags.union(.journalEntry)
        if isOdd { flags.insert(.resynchronised) }
        let isWhole = !flags.contains(.partial)
        let full = isWhole ? length - 1 : length
        let end = min(full, kept.count)
        if end < full { flags.insert(.truncated) }
        target.append(kept.span, 0..<end, flags, originalLength: full)
    }
}

/// The fields of an entry of the journal export format.
public enum JournalEntry {
    /// A field: where its name and its value lie in the record.
    public struct Field: Hashable, Sendable {
        /// The name.
        public var name: Range<Int>
        /// The value, of any bytes.
        public var value: Range<Int>
    }

    /// Calls `body` with each field of the entry at `range`, in order; lines that are no fields are passed
    /// over.
    ///
    /// A value that the record's end cuts is given as far as it is there. A field may come more than once.
    public static func forEach(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ body: (Field) -> Void
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            var end = index
            var equals = -1
            while end < range.upperBound, bytes[end] != 0x0a {
                if equals < 0, bytes[end] == 0x3d { equals = end }
                end += 1
            }
            if equals > index {
                body(Field(name: index..<equals, value: equals + 1..<end))
                index = end + 1
                continue
            }
            guard equals < 0, end > index, range.upperBound - end > 8 else {
                index = end + 1
                continue
            }
            var length: UInt64 = 0
            for lane in 0..<8 { length |= UInt64(bytes[end + 1 + lane]) << UInt64(8 * lane) }
            let start = end + 9
            guard length <= JournalFramer.valueSizeMaxBytes else {
                index = end + 1
                continue
            }
            let stop = min(range.upperBound, start + Int(length))
            body(Field(name: index..<end, value: start..<stop))
            index = stop + 1
        }
    }
}
