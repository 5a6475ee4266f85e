// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// Stored columns while they are read: descriptions, and streams that are decompressed when called for.
///
/// What is allocated is bounded before it is: all streams together hold at most
/// ``LogLimits/chunkSizeMaxBytes``.
struct ColumnSource {
    private struct Page {
        var stored: Range<Int>
        var rawLength: Int
        var isDeflated: Bool
        var isShared: Bool
        var crc: UInt32
        /// Where its bytes lie among those that were read; below zero until then.
        var start = -1
    }

    private struct Place {
        var page: Int
        var start: Int
        var length: Int
    }

    /// First byte of the stored form; version 1 is read too.
    static let version: UInt8 = 2
    /// Streams below this length share pages in version 1, and in version 2 as it is written for large
    /// blocks.
    static let ownPageMinBytes = 384
    /// Length at which a shared page is followed by another.
    static let sharedPageSizeBytes = 65_536
    /// Most streams: three for each of a hundred slots of as many templates as there can be would be far more
    /// than a block holds.
    static let streamCountMax = 1 << 20

    /// Reads the descriptions.
    var description: ByteReader
    private let stored: [UInt8]
    private let isFirstVersion: Bool
    /// What pages may refer to.
    private let dictionaries: [PresetDictionary]
    private var pages: [Page] = []
    private var places: [Place] = []
    private var number = 0
    /// The pages that were read, one after another, then slack.
    private(set) var raw: [UInt8]
    private var rawEnd = 0
    private let inflater = InflateStream()

    /// Bytes after the last stream that may be read: copies go by words.
    static let slackBytes = 16

    /// Reads the directory; `companion` is what pages may refer to besides the phrases, `memory` is what
    /// another source has read, whose place serves again.
    init(
        _ stored: [UInt8],
        companion: PresetDictionary? = nil,
        reusing memory: consuming [UInt8] = []
    ) throws(ByteReaderError) {
        self.stored = stored
        raw = memory
        var head = ByteReader(stored)
        let version = try head.byte()
        guard version == 1 || version == ColumnSource.version else { throw .invalid(position: 0) }
        isFirstVersion = version == 1
        dictionaries = isFirstVersion ? [] : [.phrases] + (companion.map { [$0] } ?? [])
        let rawLength = try head.count(atMost: LogLimits.chunkSizeMaxBytes)
        let storedLength = try head.count(atMost: head.remaining)
        let crc = try head.uint32()
        let range = try head.range(storedLength)
        guard
            let directory = rawLength == storedLength
                ? Array(stored[range]) : Deflate.decompress(stored, range, length: rawLength, dictionaries),
            CRC32C.masked(CRC32C.checksum(directory)) == crc
        else { throw .invalid(position: range.lowerBound) }
        var reader = ByteReader(directory)
        let ownPageMin =
            isFirstVersion
            ? ColumnSource.ownPageMinBytes : try reader.count(atMost: LogLimits.chunkSizeMaxBytes)
        let descriptionLength = try reader.count(atMost: reader.remaining)
        description = ByteReader(directory, try reader.range(descriptionLength))
        try readStreams(&reader, from: range.upperBound, ownPageMin: ownPageMin)
        guard reader.remaining == 0 else { throw .invalid(position: reader.position) }
    }

    private mutating func readStreams(
        _ reader: inout ByteReader,
        from start: Int,
        ownPageMin: Int
    ) throws(ByteReaderError) {
        let count = try reader.count(atMost: ColumnSource.streamCountMax)
        var total = 0
        places.reserveCapacity(count)
        var own: [Int] = []
        // Shared pages of text, which in version 1 are of everything, and of numbers.
        var shared: [[Int]] = [[], []]
        for _ in 0..<count {
            let (length, kind) = try streamLength(&reader, atMost: LogLimits.chunkSizeMaxBytes - total)
            total += length
            if length >= ownPageMin {
                places.append(Place(page: own.count, start: 0, length: length))
                own.append(length)
                continue
            }
            if shared[kind].last ?? .max >= ColumnSource.sharedPageSizeBytes { shared[kind].append(0) }
            let page = shared[kind].count - 1
            // Numbered below zero until it is known how many pages come before: odd for text.
            places.append(Place(page: -2 * page - 1 - kind, start: shared[kind][page], length: length))
            shared[kind][page] += length
        }
        for index in places.indices where places[index].page < 0 {
            let number = -places[index].page - 1
            places[index].page = own.count + number / 2 + (number % 2 == 0 ? 0 : shared[0].count)
        }
        var position = start
        for rawLength in own + shared[0] + shared[1] {
            let storedLength = try reader.count(atMost: min(rawLength, stored.count - position))
            pages.append(
                Page(
                    stored: position..<position + storedLength,
                    rawLength: rawLength,
                    isDeflated: storedLength < rawLength,
                    isShared: pages.count >= own.count,
                    crc: try reader.uint32()
                )
            )
            position += storedLength
        }
        guard position == stored.count else { throw .invalid(position: reader.position) }
    }

    /// The length of the next stream, and 1 if it shares pages with numbers.
    private func streamLength(
        _ reader: inout ByteReader,
        atMost limit: Int
    ) throws(ByteReaderError) -> (length: Int, kind: Int) {
        guard !isFirstVersion else { return (try reader.count(atMost: limit), 0) }
        let number = try reader.count(atMost: 2 * limit + 1)
        return (number / 2, number % 2)
    }

    /// Where a column begins: its description and its first stream.
    struct Cursor {
        fileprivate var position: Int32
        fileprivate var number: Int32
    }

    /// The column that comes next.
    var cursor: Cursor { Cursor(position: Int32(description.position), number: Int32(number)) }

    /// Goes back to a column.
    mutating func seek(_ cursor: Cursor) {
        description.seek(Int(cursor.position))
        number = Int(cursor.number)
    }

    /// Goes past `count` streams without reading them.
    mutating func skip(_ count: Int) throws(ByteReaderError) {
        guard count <= places.count - number else { throw .truncated(position: description.position) }
        number += count
    }

    /// The next stream, a range of ``raw``.
    mutating func next() throws(ByteReaderError) -> Range<Int> {
        guard number < places.count else { throw .truncated(position: description.position) }
        let place = places[number]
        number += 1
        if pages[place.page].start < 0 { try read(place.page) }
        let start = pages[place.page].start + place.start
        return start..<start + place.length
    }

    /// The bytes of the next stream.
    mutating func nextBytes() throws(ByteReaderError) -> [UInt8] { Array(raw[try next()]) }

    private mutating func read(_ number: Int) throws(ByteReaderError) {
        let page = pages[number]
        let needed = rawEnd + page.rawLength + ColumnSource.slackBytes
        if raw.count < needed {
            // All streams together are bounded, see readStreams.
            let more = max(needed, min(rawEnd * 2, LogLimits.chunkSizeMaxBytes)) - raw.count
            raw.append(contentsOf: repeatElement(0, count: more))
        }
        let target = rawEnd..<rawEnd + page.rawLength
        if !page.isDeflated {
            raw.replaceSubrange(target, with: stored[page.stored])
        } else {
            guard
                inflater.decompress(stored, page.stored, into: &raw, at: rawEnd, page.rawLength, dictionaries)
            else { throw .invalid(position: page.stored.lowerBound) }
        }
        guard CRC32C.masked(CRC32C.checksum(raw.span, target)) == page.crc else {
            throw .invalid(position: page.stored.lowerBound)
        }
        pages[number].start = rawEnd
        rawEnd = target.upperBound
    }

    /// The next `width` streams as the bytes of `count` numbers above `base`, at the start of `numbers`.
    mutating func planes(
        _ count: Int,
        base: Int64,
        width: Int,
        into numbers: inout [Int64]
    ) throws(ByteReaderError) {
        numbers.grow(to: count)
        for lane in 0..<width {
            let plane = try next()
            guard plane.count == count else { throw .invalid(position: description.position) }
            var target = numbers.mutableSpan
            if lane == 0 {
                target.set(count, to: raw.span, from: plane.lowerBound, above: base)
            } else {
                target.add(count, of: raw.span, from: plane.lowerBound, shiftedBy: Int64(lane * 8))
            }
        }
    }

    /// The next `width` streams as the bytes of `count` numbers above `base`.
    mutating func planes(_ count: Int, base: Int64, width: Int) throws(ByteReaderError) -> [Int64] {
        var numbers: [Int64] = []
        try planes(count, base: base, width: width, into: &numbers)
        return numbers
    }

    /// Whether everything was read.
    var isAtEnd: Bool { number == places.count && description.remaining == 0 }
}

extension [Int64] {
    /// Adds zeros until there are at least `count`.
    mutating func grow(to count: Int) {
        if self.count < count { append(contentsOf: repeatElement(0, count: count - self.count)) }
    }
}
