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
        var start: Int32
        var length: Int32
        /// The node after the slot, or the number of the template that ends.
        var target: Int32
        /// The next branch of the same node, -1 for none.
        var next: Int32
        /// Nil at the end of a template.
        var rule: ShapeScanner.Rule?
        var kind: UInt8
    }

    /// First branch of each node, -1 for none; a branch that is taken moves to the front.
    private var nodes: [Int32] = [-1]
    private var branches: [Branch] = []
    /// Constant text of all templates.
    private var literals: [UInt8] = []
    /// Variables of the record under way; a record has no more.
    private var found = [RecordShapes.Slot](
        repeating: RecordShapes.Slot(start: 0, length: 0),
        count: RecordShapes.slotCountMax
    )
    /// The first time of the record that was found last, as ``RecordShapes/times``.
    private(set) var time: Int64 = 0

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
        time = 0
        let end = ShapeTree.follow(scanner, bytes, range, literals, &nodes, &branches, &found, &time)
        guard let end else { return nil }
        slots.append(contentsOf: found[..<end.count])
        return end.template
    }

    /// Goes through the record from the root on; the template and how many variables were found.
    private static func follow(
        _ scanner: ShapeScanner,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ literals: [UInt8],
        _ nodes: inout [Int32],
        _ branches: inout [Branch],
        _ found: inout [RecordShapes.Slot],
        _ time: inout Int64
    ) -> (template: Int, count: Int)? {
        let literals = literals.span
        var nodes = nodes.mutableSpan
        var branches = branches.mutableSpan
        var found = found.mutableSpan
        let end = range.upperBound
        var (node, position, count, hasTime) = (0, range.lowerBound, 0, false)
        while true {
            var (number, previous, stop) = (Int(nodes[node]), -1, -1)
            var start = position
            while number >= 0 {
                let rest = (previous: number, next: Int(branches[number].next))
                start = position + Int(branches[number].length)
                if start <= end, ShapeTree.begins(bytes, position, branches[number], literals) {
                    guard let rule = branches[number].rule else {
                        if start == end { return (Int(branches[number].target), count) }
                        (previous, number) = rest
                        continue
                    }
                    if rule == .stamp {
                        let stamp = StampForm.scan(bytes, at: start, end: end)
                        if let stamp, stamp.form.rawValue == branches[number].kind {
                            if !hasTime { (time, hasTime) = (stamp.value, true) }
                            stop = start + stamp.length
                            break
                        }
                    } else if let place = scanner.end(of: rule, bytes, at: start, end) {
                        stop = place
                        break
                    }
                }
                (previous, number) = rest
            }
            guard stop >= 0, count < found.count else { return nil }
            if previous >= 0 {
                branches[previous].next = branches[number].next
                branches[number].next = nodes[node]
                nodes[node] = Int32(number)
            }
            node = Int(branches[number].target)
            found[count] = RecordShapes.Slot(start: UInt32(start), length: UInt32(stop - start))
            count += 1
            position = stop
        }
    }

    /// Whether the piece of `branch` stands at `position`; it is known to be inside the record.
    @inline(__always)
    private static func begins(
        _ bytes: Span<UInt8>,
        _ position: Int,
        _ branch: Branch,
        _ literals: Span<UInt8>
    ) -> Bool {
        guard position + 8 <= bytes.count else {
            let range = position..<position + Int(branch.length)
            return literals.isEqual(at: Int(branch.start), to: bytes, range)
        }
        guard bytes.word(at: position) & branch.wordMask == branch.word else { return false }
        guard branch.length > 8 else { return true }
        let rest = position + 8..<position + Int(branch.length)
        return literals.isEqual(at: Int(branch.start) + 8, to: bytes, rest)
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
        var number = Int(nodes[node])
        while number >= 0 {
            let branch = branches[number]
            if Int(branch.length) == length, branch.rule == rule, branch.kind == kind,
                literals.isEqual(at: Int(branch.start), to: literals, start..<start + length)
            {
                return Int(branch.target)
            }
            number = Int(branch.next)
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
                start: Int32(start),
                length: Int32(length),
                target: Int32(target),
                next: nodes[node],
                rule: rule,
                kind: kind
            )
        )
        nodes[node] = Int32(branches.count - 1)
        return target
    }
}
