// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The records of a batch taken apart into templates and variables.
///
/// A template is the constant text of a kind of line with a slot for each variable; pieces and variables in
/// turn give back the record byte for byte. What is a variable is a guess that only costs space when wrong.
public struct RecordShapes: Sendable {
    /// A variable: a range of the batch's bytes.
    public struct Slot: Hashable, Sendable {
        /// First byte.
        public var start: UInt32
        /// Bytes.
        public var length: UInt32

        /// A range of the batch's bytes.
        public init(start: UInt32, length: UInt32) {
            self.start = start
            self.length = length
        }

        /// The place in the batch's buffer.
        public var range: Range<Int> { Int(start)..<Int(start) + Int(length) }
    }

    /// Constant text around slots.
    public struct Template: Hashable, Sendable {
        /// First slot kind in ``slotKinds``; the pieces begin in ``pieceLengths`` at this plus the template's
        /// number, because a template has one piece more than slots.
        public var firstKind: Int
        /// Slots.
        public var slotCount: Int
        /// First byte in ``literals``.
        public var firstLiteral: Int
        /// Bytes of all pieces.
        public var literalLength: Int
    }

    /// Most templates of a batch; records of other shapes are kept whole.
    public static let templateCountMax = 4_096
    /// Most constant bytes of a template, and of all templates.
    static let templateSizeMaxBytes = 16_384
    static let literalSizeMaxBytes = 4 << 20
    /// Most slots of a record; the rest of it is constant text.
    static let slotCountMax = 500

    /// Slot kind of a word or any other text; the other kinds are raw values of a ``StampForm``.
    public static let text: UInt8 = 0

    /// Templates; number 0 keeps a record whole in one slot.
    public var templates: [Template] = []
    /// Constant text of all templates.
    public var literals: [UInt8] = []
    /// Lengths of the pieces of all templates.
    public var pieceLengths: [UInt32] = []
    /// Kinds of the slots of all templates.
    public var slotKinds: [UInt8] = []
    /// Template of each record.
    public var numbers: [UInt16] = []
    /// Variables of all records.
    public var slots: [Slot] = []
    /// First variable of each record, and the end of the last.
    public var firstSlots: [UInt32] = []
    /// The first time of each record in the form of its slot; of no meaning where the template has no time.
    public var times: [Int64] = []

    /// No records.
    public init() {}

    /// The variables of a record.
    public func slots(of row: Int) -> ArraySlice<Slot> {
        slots[Int(firstSlots[row])..<Int(firstSlots[row + 1])]
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes from `position` on equal `range` of `other`.
    @inlinable
    @inline(__always)
    public func isEqual(at position: Int, to other: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let length = range.count
        guard position + length <= count, range.upperBound <= other.count else { return false }
        var lane = 0
        while lane + 8 <= length {
            guard word(at: position + lane) == other.word(at: range.lowerBound + lane) else { return false }
            lane += 8
        }
        guard lane < length else { return true }
        return word(at: position + lane, length - lane)
            == other.word(at: range.lowerBound + lane, length - lane)
    }

    /// The `length` bytes from `index` on as a little-endian word, the rest of it zero; 1 to 7 of them.
    ///
    /// Traps when they are not all inside.
    @inlinable
    @inline(__always)
    public func word(at index: Int, _ length: Int) -> UInt64 {
        index + 8 <= count
            ? word(at: index) & (1 << UInt64(length * 8) - 1) : lastWord(at: index, length)
    }

    @usableFromInline
    func lastWord(at index: Int, _ length: Int) -> UInt64 {
        var word: UInt64 = 0
        for lane in 0..<length { word |= UInt64(self[index + lane]) << UInt64(lane * 8) }
        return word
    }
}
