// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SegmentLog

/// A part of a written state, some 1 MiB of it, packed in the zlib format where that is shorter.
public struct SnapshotPiece: Sendable {
    private enum Place: Sendable {
        case memory([UInt8])
        case file(any LogFile, Range<Int>)
    }

    /// Bytes of the state.
    public let count: Int
    private let place: Place

    /// Packs part of a state.
    public init(_ bytes: [UInt8]) {
        count = bytes.count
        // Mostly events, as the log holds them much smaller.
        place = .memory((try? ZlibFormat.packed(bytes)) ?? bytes)
    }

    /// A piece of `count` bytes that lies in a range of a file.
    init(count: Int, in file: any LogFile, _ range: Range<Int>) {
        self.count = count
        place = .file(file, range)
    }

    /// Bytes that it takes as it is packed.
    public var packedCount: Int {
        switch place {
        case .memory(let bytes): bytes.count
        case .file(_, let range): range.count
        }
    }

    /// The bytes as they are packed.
    func packed() throws(StorageError) -> [UInt8] {
        switch place {
        case .memory(let bytes): bytes
        case .file(let file, let range): try file.read(at: range.lowerBound, count: range.count)
        }
    }

    /// The bytes of the state.
    ///
    /// - Throws: ``SnapshotError`` when they are not what was packed, or what reading throws.
    public func unpacked() throws -> [UInt8] {
        let bytes = try packed()
        guard bytes.count != count else { return bytes }
        guard let state = ZlibFormat.unpacked(bytes, bytes.indices, length: count) else {
            throw SnapshotError.damaged(position: 0)
        }
        return state
    }
}
