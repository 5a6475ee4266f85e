// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The texts of columns as they are read: one buffer, and where in it each text lies.
///
/// A text that occurs often lies there once. Memory serves again after ``removeAll()``: what lies after the
/// ends is of no meaning.
struct TextStore: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var slots: [RecordShapes.Slot] = []
    /// Bytes of all texts.
    private(set) var end = 0
    /// Number of texts.
    private(set) var count = 0

    /// Bytes after the last text that may be read or overwritten: copies go by words.
    static let slackBytes = 64
    /// Texts that are made at a time, so that room is made for few.
    static let runCount = 4_096

    /// Forgets the texts and keeps the memory.
    mutating func removeAll() {
        end = 0
        count = 0
    }

    /// How far the store goes now.
    var mark: TextMark { TextMark(end: end, count: count) }

    /// Whether nothing more than a chunk holds was read.
    var isBounded: Bool { end <= LogLimits.chunkSizeMaxBytes && count <= TextArena.slotCountMax }

    /// Sees to it that there is room.
    private mutating func reserve(bytes more: Int, slots moreSlots: Int) {
        let needed = end + more + TextStore.slackBytes
        if bytes.count < needed {
            bytes.append(contentsOf: repeatElement(0, count: max(needed, end * 3 / 2) - bytes.count))
        }
        let neededSlots = count + moreSlots
        if slots.count < neededSlots {
            let blank = RecordShapes.Slot(start: 0, length: 0)
            slots.append(
                contentsOf: repeatElement(blank, count: max(neededSlots, count * 3 / 2) - slots.count)
            )
        }
    }

    /// Adds one text.
    mutating func append(_ text: [UInt8]) {
        reserve(bytes: text.count, slots: 1)
        bytes.replaceSubrange(end..<end + text.count, with: text)
        slots[count] = RecordShapes.Slot(start: UInt32(end), length: UInt32(text.count))
        end += text.count
        count += 1
    }

    /// Adds `texts` texts of at most `room` bytes each, which `write` puts at a position, giving the length;
    /// false when it gives nil for one, or there are more than a chunk holds.
    @inline(__always)
    mutating func append(
        _ texts: Int,
        room: Int,
        _ write: (Int, inout MutableSpan<UInt8>, Int) -> Int?
    ) -> Bool {
        var next = 0
        while next < texts {
            let run = min(texts - next, TextStore.runCount)
            reserve(bytes: run * room, slots: run)
            guard let position = TextStore.run(next, run, &bytes, end, &slots, count, write) else {
                return false
            }
            end = position
            count += run
            next += run
            guard isBounded else { return false }
        }
        return true
    }

    /// Puts `count` texts at `start`; gives the end of the last.
    @inline(__always)
    private static func run(
        _ first: Int,
        _ count: Int,
        _ bytes: inout [UInt8],
        _ start: Int,
        _ slots: inout [RecordShapes.Slot],
        _ firstSlot: Int,
        _ write: (Int, inout MutableSpan<UInt8>, Int) -> Int?
    ) -> Int? {
        var position = start
        var target = bytes.mutableSpan
        var places = slots.mutableSpan
        for index in 0..<count {
            guard let length = write(first + index, &target, position) else { return nil }
            places[firstSlot + index] = RecordShapes.Slot(start: UInt32(position), length: UInt32(length))
            position += length
        }
        return position
    }

    /// Adds the bytes of `range` of `source`, cut into texts of `lengths`; false when they do not fill it.
    mutating func append(_ texts: Int, lengths: [Int64], _ source: Span<UInt8>, _ range: Range<Int>) -> Bool {
        reserve(bytes: range.count, slots: texts)
        copy(source, range)
        var (start, count) = (end, count)
        var left = Int64(range.count)
        var places = slots.mutableSpan
        let lengths = lengths.span
        for index in 0..<texts {
            let length = lengths[index]
            guard length >= 0, length <= left else { return false }
            left -= length
            places[count] = RecordShapes.Slot(start: UInt32(start), length: UInt32(length))
            start += Int(length)
            count += 1
        }
        guard left == 0 else { return false }
        end = start
        self.count = count
        return true
    }

    /// Adds the bytes of `range` of `source`, in which each text is followed by a line feed; false when there
    /// are not `texts`.
    mutating func append(_ texts: Int, lines source: Span<UInt8>, _ range: Range<Int>) -> Bool {
        reserve(bytes: range.count, slots: texts)
        copy(source, range)
        let stream = source.extracting(range)
        let (end, count) = (end, count)
        var places = slots.mutableSpan
        var start = 0
        var found = 0
        for index in 0..<stream.count where stream[index] == 0x0a {
            guard found < texts else { return false }
            places[count + found] = RecordShapes.Slot(
                start: UInt32(end + start),
                length: UInt32(index - start)
            )
            found += 1
            start = index + 1
        }
        guard start == stream.count, found == texts else { return false }
        self.end += range.count
        self.count += texts
        return true
    }

    private mutating func copy(_ source: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let end = end
        var target = bytes.mutableSpan
        target.copyWide(source, from: range.lowerBound, range.count, to: end)
    }

    /// Adds `texts` that lie here already: from `first` on, those that the numbers say, each below `size`;
    /// false when one is not.
    mutating func append(_ texts: Int, from first: Int, of size: Int, numbers: [Int64]) -> Bool {
        reserve(bytes: 0, slots: texts)
        let next = count
        var places = slots.mutableSpan
        let numbers = numbers.span
        for index in 0..<texts {
            let number = numbers[index]
            guard number < size else { return false }
            places[next + index] = places[first + Int(number)]
        }
        count += texts
        return true
    }

    /// As ``append(_:from:of:numbers:)``, with numbers of a byte each.
    mutating func append(_ texts: Int, from first: Int, of size: Int, plane: Span<UInt8>) -> Bool {
        reserve(bytes: 0, slots: texts)
        let next = count
        var places = slots.mutableSpan
        for index in 0..<texts {
            let number = Int(plane[index])
            guard number < size else { return false }
            places[next + index] = places[first + number]
        }
        count += texts
        return true
    }

    /// Adds the texts of a column that lie here already.
    mutating func append(_ texts: Int, copiesOf column: TextPlaces) {
        reserve(bytes: 0, slots: texts)
        for index in 0..<texts { slots[count + index] = slots[column.index(index)] }
        count += texts
    }

    /// Adds the texts of another store.
    mutating func append(_ other: TextStore) {
        reserve(bytes: other.end, slots: other.count)
        for index in 0..<other.count {
            let slot = other.slots[index]
            slots[count + index] = RecordShapes.Slot(start: slot.start + UInt32(end), length: slot.length)
        }
        copy(other.bytes.span, 0..<other.end)
        end += other.end
        count += other.count
    }

    /// Puts the text at `index` in the place of the one at `target`.
    mutating func replace(_ target: Int, with index: Int) { slots[target] = slots[index] }

    /// The part of the buffer that holds text `index`.
    func range(_ index: Int) -> Range<Int> { slots[index].range }
}

/// How far a store of texts went.
struct TextMark {
    var end: Int
    var count: Int
}

/// What reading columns needs besides where their values go; serves from column to column.
struct ColumnMemory: Sendable {
    var texts = TextStore()
    /// Parts of split texts.
    var parts = TextStore()
    /// Numbers of the integer column read last.
    var numbers: [Int64] = []
    /// Times of the records of the columns that are being read, ``timeCount`` of them.
    var times: [Int64] = []
    var timeCount = 0
}
