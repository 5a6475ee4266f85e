// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Pipeline
import Platform
import WireFormats

/// The content of a file that may be the rest of one that was followed: as it is, or compressed.
///
/// Matched by its bytes: the same beginning and, at the position, the same bytes before it.
struct FollowedContent {
    let handle: FollowedHandle
    let facts: FileFacts
    let isCompressed: Bool
    /// First bytes of the content.
    let first: [UInt8]
    /// Length of the content; of a compressed file it is known only after all of it was inflated.
    private(set) var length: Int

    /// Opens a file; nil when it is no regular file that can be read.
    init?(_ path: String) {
        guard let handle = try? FollowedHandle(path), let facts = try? handle.facts(),
            let beginning = try? handle.read(at: 0, count: FollowPosition.headSizeMaxBytes)
        else { return nil }
        self.handle = handle
        self.facts = facts
        isCompressed = GzipInflater.isGzip(beginning)
        guard isCompressed else {
            first = beginning
            length = facts.size
            return
        }
        var found: [UInt8] = []
        var count = 0
        let isWhole = FollowedContent.inflate(handle) { piece in
            found += piece.prefix(
                FollowPosition.headSizeMaxBytes - min(found.count, FollowPosition.headSizeMaxBytes)
            )
            count += piece.count
            return true
        }
        guard isWhole == true else { return nil }
        first = found
        length = count
    }

    /// Whether `position` lies in this content, or behind it in a file of which this is the beginning.
    func holds(_ position: FollowPosition) -> Bool {
        guard position.headCount > 0, first.count >= position.headCount,
            FollowPosition.digest(Array(first.prefix(position.headCount))) == position.head
        else { return false }
        guard !isCompressed, length >= position.offset else { return true }
        let count = min(position.offset, FollowPosition.tailSizeMaxBytes)
        guard let bytes = try? handle.read(at: position.offset - count, count: count) else { return false }
        return FollowPosition.digest(bytes) == position.tail
    }

    /// Inflates a whole file in pieces; `give` ends it by saying false.
    ///
    /// - Returns: True when it ended with its data, false when it was cut, nil when it is damaged or `give`
    ///   said no.
    static func inflate(_ handle: FollowedHandle, _ give: ([UInt8]) -> Bool) -> Bool? {
        guard let inflater = try? GzipInflater() else { return nil }
        var offset = 0
        do {
            while true {
                let piece = try handle.read(at: offset, count: FollowedFile.readSizeBytes)
                guard !piece.isEmpty else { return inflater.isComplete }
                offset += piece.count
                try inflater.inflate(piece) { (bytes) throws(WardlineError) in
                    guard give(bytes) else { throw WardlineError(.input, "") }
                }
            }
        } catch {
            return nil
        }
    }
}
