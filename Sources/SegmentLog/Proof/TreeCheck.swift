// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// The tree of a stream made again from its records, and compared with signed heads on the way.
struct TreeCheck {
    private var tree = CompactRange()
    /// Heads that are still to come, the least last.
    private var heads: [SignedHead]
    /// Size of the greatest head that agreed.
    private var agreed: UInt64 = 0

    /// Checks `heads` on the way from `start` on.
    init(_ heads: [SignedHead], from start: CompactRange = CompactRange()) {
        self.heads = heads.sorted { $0.size > $1.size }
        tree = start
    }

    /// Root of the tree of the records so far; nil when it is not known what lies before them.
    var root: TreeHash? { tree.begin == 0 ? tree.root : nil }
    /// First offset after the records so far.
    var end: Offset { Offset(tree.end) }

    /// Adds the records of a part; gives their compact range.
    mutating func add(_ part: LeafRuns, _ report: inout VerifyReport) -> CompactRange {
        if part.base.value > tree.end { addHole(upTo: part.base.value, &report) }
        let range = part.range
        guard let head = heads.last, head.size < range.end else {
            tree.append(range)
            compare(&report)
            return range
        }
        for run in part.runs {
            switch run {
            // No head can be compared among removed records: retention ends their runs where heads are.
            case .removed(let removed):
                tree.append(removed)
                compare(&report)
            case .leaves(let leaves): add(leaves, &report)
            }
        }
        return range
    }

    private mutating func add(_ leaves: [TreeHash], _ report: inout VerifyReport) {
        var next = 0
        while next < leaves.count {
            let left = leaves.count - next
            let count = heads.last.map { min(Int(clamping: $0.size &- tree.end), left) } ?? left
            for leaf in leaves[next..<next + count] { tree.append(leaf) }
            next += count
            compare(&report)
        }
    }

    /// Compares heads whose size was reached; tells of those beyond the last record.
    mutating func finish(_ report: inout VerifyReport) {
        compare(&report)
        for head in heads.reversed() {
            report.damage.append(
                DamageNote(
                    file: HeadFile.name,
                    position: 0,
                    from: Offset(tree.end),
                    end: Offset(head.size),
                    reason: .signed
                )
            )
        }
        heads = []
    }

    private mutating func addHole(upTo end: UInt64, _ report: inout VerifyReport) {
        while let head = heads.last, head.size < end {
            if head.size > tree.end { tree.append(RecordLeaf.hole, count: head.size - tree.end) }
            compare(&report)
        }
        if end > tree.end { tree.append(RecordLeaf.hole, count: end - tree.end) }
        compare(&report)
    }

    private mutating func compare(_ report: inout VerifyReport) {
        while let head = heads.last, head.size <= tree.end {
            heads.removeLast()
            if head.size == tree.end, tree.root == head.root {
                report.heads += 1
                agreed = max(agreed, head.size)
                report.signedEnd = Offset(agreed)
                continue
            }
            report.damage.append(
                DamageNote(
                    file: HeadFile.name,
                    position: 0,
                    from: Offset(agreed),
                    end: Offset(head.size),
                    reason: .signed
                )
            )
        }
    }
}
