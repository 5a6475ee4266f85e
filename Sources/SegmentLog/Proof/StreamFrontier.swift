// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// The tree of a stream before each of its segments, which are gone through in order.
struct StreamFrontier {
    /// The tree after the last of them; nil behind a segment whose hashes could not be read.
    private(set) var tree: CompactRange? = CompactRange()

    /// The tree before `segment`; nil when it is not known.
    ///
    /// What the segment's own footer says is taken where it is there; else the hashes of its blocks are read.
    mutating func advance(to segment: SegmentScan) -> CompactRange? {
        let before = segment.footer?.frontiers?.start ?? tree?.skippedIfBefore(segment.base)
        tree = segment.footer?.frontiers?.end ?? StreamFrontier.grown(before, by: segment)
        return before
    }

    private static func grown(_ tree: CompactRange?, by segment: SegmentScan) -> CompactRange? {
        guard var tree else { return nil }
        for part in segment.parts {
            guard let range = try? part.storedRange() else { return nil }
            tree.skip(to: part.base)
            tree.append(range)
        }
        return tree
    }
}

extension CompactRange {
    fileprivate func skippedIfBefore(_ offset: Offset) -> CompactRange? {
        end <= offset.value ? skipped(to: offset) : nil
    }
}
