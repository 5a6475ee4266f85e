// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation

/// Reads a file or stream line by line; the LF is not part of a line, a last line without one counts.
struct LineReader {
    /// One line.
    struct Line {
        var bytes: [UInt8]
        /// Length before it was cut; nil when it is whole.
        var originalLength: Int?
    }

    /// Longest line kept, 1 MiB: longer than any device sends; the rest of a longer one is dropped and it is
    /// flagged.
    static let lineLengthMax = 1_048_576
    private static let chunkSize = 65_536

    private let handle: FileHandle
    private var chunk: [UInt8] = []
    private var position = 0
    private var isAtEnd = false

    init(_ handle: FileHandle) { self.handle = handle }

    /// The next line; nil at the end.
    mutating func next() throws -> Line? {
        var bytes: [UInt8] = []
        var length = 0
        while true {
            if position == chunk.count {
                guard try fill() else {
                    return length == 0 ? nil : line(bytes, length)
                }
            }
            let end = lineEnd()
            let part = chunk[position..<end]
            length += part.count
            bytes.append(contentsOf: part.prefix(LineReader.lineLengthMax - bytes.count))
            position = end
            if end < chunk.count {
                position += 1
                return line(bytes, length)
            }
        }
    }

    /// The first LF of the chunk from `position` on, looked for eight bytes at a time; the end of the chunk
    /// when there is none.
    private func lineEnd() -> Int {
        let bytes = chunk.span
        let lanes: UInt64 = 0x0101_0101_0101_0101
        var index = position
        while index + 8 <= bytes.count {
            let word = bytes.word(at: index) ^ 0x0a &* lanes
            let found = (word &- lanes) & ~word & (lanes &* 0x80)
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < bytes.count, bytes[index] != 0x0a { index += 1 }
        return index
    }

    private func line(_ bytes: [UInt8], _ length: Int) -> Line {
        Line(bytes: bytes, originalLength: length > bytes.count ? length : nil)
    }

    private mutating func fill() throws -> Bool {
        guard !isAtEnd else { return false }
        guard let data = try handle.read(upToCount: LineReader.chunkSize), !data.isEmpty else {
            isAtEnd = true
            return false
        }
        chunk = Array(data)
        position = 0
        return true
    }
}
