// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Cuts the bytes of one connection into records: octet-counted and delimited frames, decided anew for every
/// frame.
///
/// Nothing is dropped silently: what does not fit a frame becomes a record with a flag. Holds at most the
/// cap and one look-ahead. Source: RFC 6587 sections 3.4.1 and 3.4.2, with the deviations that senders are
/// known for.
public struct ConnectionFramer: Sendable {
    /// What is expected on the connection.
    public enum Style: Sendable {
        /// Counted or delimited frames.
        case syslog
        /// One JSON object a line.
        case jsonLines
        /// GELF: JSON texts that end at NUL; line ends inside them are content.
        case gelf
        /// Lines of a file, kept as they are.
        case lines
    }

    /// Most digits of an octet count: nine digits are a gigabyte, far above any cap.
    public static let countDigitsMax = 9
    /// Most blanks in front of a frame that may still turn out to belong to none.
    static let blanksMax = 1_024

    private enum State {
        /// Before a frame, or inside its look-ahead, which `carry` holds.
        case start
        /// Inside a delimited frame; `length` counts all its bytes.
        case delimited(length: Int)
        /// Inside a counted frame.
        case counted(length: Int, remaining: Int)
        /// Right after a counted frame.
        case counting
        /// In bytes that no frame claims, until a delimiter or the next count.
        case lost(length: Int)
    }

    /// What is expected.
    public let style: Style
    /// Most bytes of one record; of longer ones the first so many are kept.
    public var sizeMaxBytes: Int
    private var state = State.start
    private var carry: [UInt8] = []
    /// How many bytes at the beginning of `carry` are blanks in front of a frame.
    private var blankCount = 0
    /// Bytes that were skipped between frames since the last frame.
    public private(set) var fillerCount = 0

    /// A framer at the start of a connection.
    public init(_ style: Style, sizeMaxBytes: Int) {
        self.style = style
        self.sizeMaxBytes = sizeMaxBytes
    }

    /// Whether the start of a frame is held that could be a count or text.
    public var isUndecided: Bool {
        guard case .start = state else { return false }
        return carry.count > blankCount
    }

    /// Bytes held of a frame that is not complete.
    public var carriedBytes: Int { carry.count }

    /// Takes bytes and appends the records that they complete.
    public mutating func feed(_ bytes: Span<UInt8>, into target: inout FrameTarget) {
        var index = 0
        while index < bytes.count {
            switch state {
            case .start: index = begin(bytes, index)
            case .delimited(let length): index = delimited(bytes, index, length, &target)
            case .counted(let length, let remaining):
                index = counted(bytes, index, length, remaining, &target)
            case .counting: check(bytes[index])
            case .lost(let length): index = lost(bytes, index, length, &target)
            }
        }
    }

    /// Nothing came for a while: an undecided start is text.
    public mutating func settleUndecided() {
        if isUndecided { beginText() }
    }

    /// The connection ended: what is held becomes a record of its own, flagged unless it is the last line of
    /// a file.
    public mutating func finish(into target: inout FrameTarget) {
        settleUndecided()
        switch state {
        case .delimited(let length):
            if length > 0 { emit(length, style == .lines ? [] : .partial, &target) }
        case .lost(let length):
            if length > 0 { emit(length, [.partial, .resynchronised], &target) }
        case .counted(let length, let remaining): emit(length - remaining, [.partial, .counted], &target)
        case .start, .counting: break
        }
        state = .start
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// `<` of a priority, `{` of JSON, or the first byte of a byte order mark.
    private static func opensFrame(_ byte: UInt8) -> Bool { byte == 0x3c || byte == 0x7b || byte == 0xef }

    /// Whether the byte ends a delimited frame.
    private func isDelimiter(_ byte: UInt8) -> Bool {
        switch style {
        case .syslog: byte == 0x0a || byte == 0
        case .jsonLines, .lines: byte == 0x0a
        case .gelf: byte == 0
        }
    }

    /// CR and blank, and in front of JSON also LF, NUL and the record separator of RFC 7464.
    private func isBlank(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x0d, 0x20: true
        case 0x0a, 0, 0x1e: style == .jsonLines || style == .gelf
        default: false
        }
    }

    private mutating func forgetBlanks() {
        carry.removeFirst(blankCount)
        blankCount = 0
    }

    /// What is held is the beginning of a text.
    private mutating func beginText() {
        state = .delimited(length: carry.count)
        blankCount = 0
    }

    /// Blanks belong to no frame where one opens or nothing follows them; in front of other text they are its
    /// first bytes, such as the indentation of a stack trace.
    private mutating func begin(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        let byte = bytes[index]
        if style == .lines {
            beginText()
            return index
        }
        guard carry.count == blankCount else { return beginCount(byte, index) }
        if isDelimiter(byte) {
            fillerCount += 1
            forgetBlanks()
            return index + 1
        }
        if isBlank(byte), blankCount < min(ConnectionFramer.blanksMax, sizeMaxBytes) {
            fillerCount += 1
            blankCount += 1
            carry.append(byte)
            return index + 1
        }
        fillerCount = 0
        if style == .syslog, ConnectionFramer.isDigit(byte), byte != 0x30 {
            carry.append(byte)
            return index + 1
        }
        if ConnectionFramer.opensFrame(byte) { forgetBlanks() }
        beginText()
        return index
    }

    /// Goes on with a start that has digits.
    private mutating func beginCount(_ byte: UInt8, _ index: Int) -> Int {
        if carry.last == 0x20 {
            guard ConnectionFramer.opensFrame(byte), let count = ConnectionFramer.count(carry) else {
                beginText()
                return index
            }
            carry.removeAll(keepingCapacity: true)
            blankCount = 0
            state = .counted(length: count, remaining: count)
            return index
        }
        let digits = carry.count - blankCount
        let isCount =
            byte == 0x20 || ConnectionFramer.isDigit(byte) && digits < ConnectionFramer.countDigitsMax
        guard isCount else {
            beginText()
            return index
        }
        carry.append(byte)
        return index + 1
    }

    /// The number in front of the blank at the end of `text`.
    private static func count(_ text: [UInt8]) -> Int? {
        guard text.last == 0x20 else { return nil }
        let digits = text.dropLast().reversed().prefix { isDigit($0) }.reversed()
        guard let first = digits.first, first != 0x30, digits.count <= countDigitsMax else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private mutating func delimited(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ before: Int,
        _ target: inout FrameTarget
    ) -> Int {
        var end = start
        let takesNul = isDelimiter(0)
        let takesLine = isDelimiter(0x0a)
        while end < bytes.count, !(takesLine && bytes[end] == 0x0a), !(takesNul && bytes[end] == 0) {
            end += 1
        }
        let length = before + end - start
        guard end < bytes.count else {
            keep(bytes, start..<end)
            state = .delimited(length: length)
            return end
        }
        state = .start
        let flags: FrameFlags = bytes[end] == 0 ? .nulDelimited : []
        if before == 0, length <= sizeMaxBytes {
            let hasReturn = flags.isEmpty && length > 0 && bytes[end - 1] == 0x0d
            let range = start..<(hasReturn ? end - 1 : end)
            if !range.isEmpty { target.append(bytes, range, flags) }
        } else {
            keep(bytes, start..<end)
            let hasReturn = flags.isEmpty && (end > start ? bytes[end - 1] : carry.last) == 0x0d
            emit(hasReturn ? length - 1 : length, flags, &target)
        }
        return end + 1
    }

    private mutating func counted(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ length: Int,
        _ remaining: Int,
        _ target: inout FrameTarget
    ) -> Int {
        let end = start + min(remaining, bytes.count - start)
        let rest = remaining - (end - start)
        if rest == 0, remaining == length, length <= sizeMaxBytes {
            target.append(bytes, start..<end, .counted)
            state = .counting
            return end
        }
        keep(bytes, start..<end)
        guard rest == 0 else {
            state = .counted(length: length, remaining: rest)
            return end
        }
        emit(length, .counted, &target)
        state = .counting
        return end
    }

    /// The byte after a counted frame shows whether its count was right.
    private mutating func check(_ byte: UInt8) {
        let isRight =
            ConnectionFramer.isDigit(byte) || ConnectionFramer.opensFrame(byte)
            || isDelimiter(byte) || isBlank(byte) || byte == 0x09
        state = isRight ? .start : .lost(length: 0)
    }

    private mutating func lost(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ before: Int,
        _ target: inout FrameTarget
    ) -> Int {
        let byte = bytes[start]
        if byte == 0x0a || byte == 0 {
            emit(before, .resynchronised, &target)
            state = .start
            return start + 1
        }
        if byte == 0x3c, before == carry.count, let count = ConnectionFramer.count(carry) {
            let digits = carry.dropLast().reversed().prefix { ConnectionFramer.isDigit($0) }.count
            carry.removeLast(digits + 1)
            if !carry.isEmpty { emit(carry.count, .resynchronised, &target) }
            carry.removeAll(keepingCapacity: true)
            state = .counted(length: count, remaining: count)
            return start
        }
        keep(bytes, start..<start + 1)
        state = .lost(length: before + 1)
        return start + 1
    }

    private mutating func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let count = min(range.count, max(0, sizeMaxBytes - carry.count))
        carry.append(bytes, range.lowerBound..<range.lowerBound + count)
    }

    /// Appends what is carried as a record of `length` bytes.
    private mutating func emit(_ length: Int, _ flags: FrameFlags, _ target: inout FrameTarget) {
        let kept = min(length, carry.count)
        if kept > 0 {
            let isCut = kept < length
            target.append(
                carry.span,
                0..<kept,
                isCut ? flags.union(.truncated) : flags,
                originalLength: length
            )
        }
        // A rare large record must not keep its memory on every idle connection.
        carry.removeAll(keepingCapacity: carry.capacity <= 4_096)
    }
}
