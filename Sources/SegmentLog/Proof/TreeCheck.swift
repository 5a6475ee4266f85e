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

    init(_ heads: [SignedHead]) { self.heads = heads.sorted { $0.size > $1.size } }

    /// Adds the records of a part; gives their compact range.
    mutating func add(_ records: RecordBatch, at base: Offset, _ report: inout VerifyReport) -> CompactRange {
        if base.value > tree.end { addHole(upTo: base.value, &report) }
        let leaves = RecordLeaf.hashes(of: records, base: base)
        let range = LogPart.range(of: leaves, at: base)
        guard let head = heads.last, head.size < range.end else {
            tree.append(range)
            compare(&report)
            return range
        }
        var next = 0
        while next < leaves.count {
            let end =
                heads.last.map { min(Int(clamping: $0.size &- base.value), leaves.count) } ?? leaves.count
            for leaf in leaves[next..<max(next, end)] { tree.append(leaf) }
            next = max(next, end)
            compare(&report)
        }
        return range
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
