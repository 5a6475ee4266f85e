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
            let end = chunk[position...].firstIndex(of: 0x0a) ?? chunk.count
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
