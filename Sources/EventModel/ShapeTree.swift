// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The templates of a batch as a tree of their constant text, so that a record of a known kind is taken apart
/// by comparing it, without looking at every word.
///
/// Finds what ``ShapeScanner`` would find, or nothing; where a template has a word that begins like a time,
/// perhaps other variables, which costs space and never bytes.
struct ShapeTree: Sendable {
    /// A piece of constant text and what comes after it.
    private struct Branch {
        /// First bytes of the piece, the others zero, and how many.
        var word: UInt64
        var wordMask: UInt64
        /// The piece among the constant text of all templates.
        var start: Int
        var length: Int
        /// Nil at the end of a template.
        var rule: ShapeScanner.Rule?
        var kind: UInt8
        /// The node after the slot, or the number of the template that ends.
        var target: Int
        /// The next branch of the same node, -1 for none.
        var next: Int
    }

    /// First branch of each node, -1 for none; a branch that is taken moves to the front.
    private var nodes = [-1]
    private var branches: [Branch] = []
    /// Constant text of all templates.
    private var literals: [UInt8] = []

    mutating func removeAll() {
        literals.removeAll(keepingCapacity: true)
        nodes.removeAll(keepingCapacity: true)
        nodes.append(-1)
        branches.removeAll(keepingCapacity: true)
    }

    /// The template of the record at `range`, whose variables are appended to `slots`; nil for a record of
    /// another kind.
    mutating func find(
        _ scanner: ShapeScanner,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        into slots: inout [RecordShapes.Slot]
    ) -> Int? {
        let first = slots.count
        var (node, position) = (0, range.lowerBound)
        while let step = step(from: node, scanner, bytes, position..<range.upperBound) {
            if step.previous >= 0 { moveToFront(step.branch, after: step.previous, of: node) }
            node = step.target
            guard !step.isEnd else { return node }
            let length = UInt32(step.slot.upperBound - step.slot.lowerBound)
            slots.append(RecordShapes.Slot(start: UInt32(step.slot.lowerBound), length: length))
            position = step.slot.upperBound
        }
        slots.removeLast(slots.count - first)
        return nil
    }

    /// A branch that fits, the one before it in its node's list, and the variable after its piece.
    private struct Step {
        var branch: Int
        var previous: Int
        var slot: Range<Int>
        /// The node that it leads to, or the template that ends.
        var target: Int
        var isEnd: Bool
    }

    /// The branch that goes on from `node` at the start of `rest`; nil for none.
    private func step(
        from node: Int,
        _ scanner: ShapeScanner,
        _ bytes: Span<UInt8>,
        _ rest: Range<Int>
    ) -> Step? {
        let (literals, branches) = (literals.span, branches.span)
        var (number, previous) = (nodes[node], -1)
        while number >= 0 {
            let branch = branches[number]
            let start = rest.lowerBound + branch.length
            if start <= rest.upperBound, ShapeTree.begins(bytes, rest.lowerBound, branch, literals) {
                if let rule = branch.rule {
                    if let end = scanner.end(of: rule, branch.kind, bytes, at: start, rest.upperBound) {
                        return Step(
                            branch: number,
                            previous: previous,
                            slot: start..<end,
                            target: branch.target,
                            isEnd: false
                        )
                    }
                } else if start == rest.upperBound {
                    return Step(
                        branch: number,
                        previous: previous,
                        slot: start..<start,
                        target: branch.target,
                        isEnd: true
                    )
                }
            }
            (previous, number) = (number, branch.next)
        }
        return nil
    }

    private mutating func moveToFront(_ number: Int, after previous: Int, of node: Int) {
        branches[previous].next = branches[number].next
        branches[number].next = nodes[node]
        nodes[node] = number
    }

    /// Whether the piece of `branch` stands at `position`; it is known to be inside the record.
    private static func begins(
        _ bytes: Span<UInt8>,
        _ position: Int,
        _ branch: Branch,
        _ literals: Span<UInt8>
    ) -> Bool {
        guard position + 8 <= bytes.count else {
            return literals.isEqual(at: branch.start, to: bytes, position..<position + branch.length)
        }
        guard bytes.word(at: position) & branch.wordMask == branch.word else { return false }
        guard branch.length > 8 else { return true }
        return literals.isEqual(at: branch.start + 8, to: bytes, position + 8..<position + branch.length)
    }

    /// Adds template `number`, as `scanner` found it in `bytes`.
    mutating func insert(_ number: Int, _ scanner: ShapeScanner, _ bytes: Span<UInt8>) {
        // Beyond that a record is not scanned to its end.
        guard scanner.slots.count < RecordShapes.slotCountMax else { return }
        var (node, position) = (0, literals.count)
        for piece in scanner.pieces { literals.append(bytes, piece.range) }
        for (index, piece) in scanner.pieces.enumerated() {
            let length = Int(piece.length)
            let rule = index < scanner.rules.count ? scanner.rules[index] : nil
            let kind = index < scanner.kinds.count ? scanner.kinds[index] : RecordShapes.text
            node =
                target(node, position, length, rule, kind)
                ?? grow(node, position, length, rule, kind, template: number)
            position += length
        }
    }

    private func target(
        _ node: Int,
        _ start: Int,
        _ length: Int,
        _ rule: ShapeScanner.Rule?,
        _ kind: UInt8
    ) -> Int? {
        let literals = literals.span
        var number = nodes[node]
        while number >= 0 {
            let branch = branches[number]
            if branch.length == length, branch.rule == rule, branch.kind == kind,
                literals.isEqual(at: branch.start, to: literals, start..<start + length)
            {
                return branch.target
            }
            number = branch.next
        }
        return nil
    }

    private mutating func grow(
        _ node: Int,
        _ start: Int,
        _ length: Int,
        _ rule: ShapeScanner.Rule?,
        _ kind: UInt8,
        template: Int
    ) -> Int {
        var word: UInt64 = 0
        for lane in 0..<min(8, length) { word |= UInt64(literals[start + lane]) << UInt64(lane * 8) }
        let target = rule == nil ? template : nodes.count
        if rule != nil { nodes.append(-1) }
        branches.append(
            Branch(
                word: word,
                wordMask: length >= 8 ? .max : 1 << UInt64(length * 8) - 1,
                start: start,
                length: length,
                rule: rule,
                kind: kind,
                target: target,
                next: nodes[node]
            )
        )
        nodes[node] = branches.count - 1
        return target
    }
}
