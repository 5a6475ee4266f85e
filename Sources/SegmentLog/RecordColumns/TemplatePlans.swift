// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// How the records of each template are put together from constant text and the texts of columns.
///
/// What is constant in all records of a template is joined, so that each copy is long.
struct TemplatePlans {
    /// Constant text, then the next text of a column.
    private struct Step {
        var literal: Int32
        var literalLength: Int32
        /// Text of the template's first record.
        var first: Int32
    }

    /// A template: its steps, and the constant text after the last.
    private struct Plan {
        var steps: Range<Int> = 0..<0
        var slots: Range<Int> = 0..<0
        var literal: Int32 = 0
        var literalLength: Int32 = 0
        /// Bytes of all its constant text.
        var constantLength = 0
    }

    /// Bytes after the last record that copies may overwrite.
    static let slackBytes = 16

    private var plans: [Plan]
    private var steps: [Step] = []
    /// Of each slot: its parts, and the bytes between them.
    private var slots: [Range<Int>] = []
    private var parts: [TextPlaces] = []
    private var separators: [UInt8] = []
    private var constants: [UInt8] = []
    /// The template that is being planned, its first step, slot and constant byte, and what of the constant
    /// text no step has.
    private var template = 0
    private var firstStep = 0
    private var firstSlot = 0
    private var firstConstant = 0
    private var literal = 0
    /// Whether there was more constant text, or more steps, than the records of a chunk can have.
    private(set) var isOverfull = false

    init(templateCount: Int) { plans = [Plan](repeating: Plan(), count: templateCount) }

    /// Begins a template.
    mutating func begin(_ template: Int) {
        self.template = template
        (firstStep, firstSlot) = (steps.count, slots.count)
        (firstConstant, literal) = (constants.count, constants.count)
    }

    /// Slots of the template so far.
    var slotCount: Int { slots.count - firstSlot }

    /// Adds constant text.
    ///
    /// Each template has a record that holds it, so there is no more than a chunk holds.
    mutating func add(_ text: Span<UInt8>, _ range: Range<Int>) {
        guard range.count <= LogLimits.chunkSizeMaxBytes - constants.count else {
            isOverfull = true
            return
        }
        constants.append(text, range)
    }

    /// Adds a slot that is one column.
    mutating func add(_ column: TextPlaces, _ texts: TextStore) {
        parts.append(column)
        separators.append(0)
        slots.append(parts.count - 1..<parts.count)
        step(column, texts)
    }

    /// Adds a slot that is columns with a byte between two.
    mutating func add(_ columns: [TextPlaces], between bytes: [UInt8], _ texts: TextStore) {
        let first = parts.count
        parts.append(contentsOf: columns)
        separators.append(0)
        separators.append(contentsOf: bytes)
        slots.append(first..<parts.count)
        addSteps(first..<parts.count, texts)
    }

    /// Adds a slot that is as slot `number` of the template.
    mutating func addCopy(of number: Int, _ texts: TextStore) {
        let range = slots[firstSlot + number]
        slots.append(range)
        addSteps(range, texts)
    }

    private mutating func addSteps(_ range: Range<Int>, _ texts: TextStore) {
        for part in range {
            if part > range.lowerBound { constants.append(separators[part]) }
            step(parts[part], texts)
        }
    }

    private mutating func step(_ column: TextPlaces, _ texts: TextStore) {
        guard column.stride > 0 else {
            add(texts.bytes.span, texts.range(column.first))
            return
        }
        guard steps.count < TextArena.slotCountMax else {
            isOverfull = true
            return
        }
        steps.append(
            Step(
                literal: Int32(literal),
                literalLength: Int32(constants.count - literal),
                first: Int32(column.first)
            )
        )
        literal = constants.count
    }

    /// Ends the template.
    mutating func end() {
        var plan = Plan(steps: firstStep..<steps.count, slots: firstSlot..<slots.count)
        (plan.literal, plan.literalLength) = (Int32(literal), Int32(constants.count - literal))
        plan.constantLength = constants.count - firstConstant
        plans[template] = plan
    }

    /// Ends the last template.
    mutating func close() {
        constants.append(contentsOf: repeatElement(0, count: TextStore.slackBytes))
    }

    /// The texts of slot `number` of the template, `count` of them, as a column of its own.
    func composed(_ number: Int, _ count: Int, _ memory: inout ColumnMemory) -> TextPlaces {
        let range = slots[firstSlot + number]
        if range.count == 1 {
            memory.texts.append(count, copiesOf: parts[range.lowerBound])
        } else {
            memory.parts.removeAll()
            for index in 0..<count {
                var text: [UInt8] = []
                for part in range {
                    if part > range.lowerBound { text.append(separators[part]) }
                    text.append(memory.texts.bytes.span, memory.texts.range(parts[part].index(index)))
                }
                memory.parts.append(text)
            }
            memory.texts.append(memory.parts)
        }
        return TextPlaces(first: memory.texts.count - count, stride: 1)
    }

    /// Sets the length of each record of `template`, whose rows are `rows`.
    func measure(
        _ template: Int,
        _ rows: Span<Int32>,
        _ texts: TextStore,
        into lengths: inout [Int]
    ) {
        let plan = plans[template]
        let steps = steps.span.extracting(plan.steps)
        let slots = texts.slots.span
        var target = lengths.mutableSpan
        for index in 0..<rows.count {
            var length = plan.constantLength
            for step in 0..<steps.count { length += Int(slots[Int(steps[step].first) + index].length) }
            target[Int(rows[index])] = length
        }
    }

    /// Copies records of `template`, from its record `first` on, to where they begin; that is below zero for
    /// those that are not wanted.
    func copy(
        _ template: Int,
        _ rows: Span<Int32>,
        from first: Int,
        _ texts: TextStore,
        _ places: (starts: [Int], lengths: [Int]),
        into bytes: inout [UInt8]
    ) {
        let plan = plans[template]
        let steps = steps.span.extracting(plan.steps)
        let (source, slots, constants) = (texts.bytes.span, texts.slots.span, constants.span)
        let (starts, lengths) = (places.starts.span, places.lengths.span)
        var target = bytes.mutableSpan
        for index in 0..<rows.count {
            let row = Int(rows[index])
            let start = starts[row]
            guard start >= 0 else { continue }
            // Copies go beyond their ends, and what follows the record may be there already.
            let after = target.pair(at: start + lengths[row])
            var end = start
            for number in 0..<steps.count {
                let step = steps[number]
                target.copyWide(constants, from: Int(step.literal), Int(step.literalLength), to: end)
                end += Int(step.literalLength)
                let slot = slots[Int(step.first) + first + index]
                target.copyWide(source, from: Int(slot.start), Int(slot.length), to: end)
                end += Int(slot.length)
            }
            target.copyWide(constants, from: Int(plan.literal), Int(plan.literalLength), to: end)
            target.store(after, at: start + lengths[row])
        }
    }

    /// Notes where the variables of the records of `template` lie: `pieces` are the lengths of its constant
    /// text, `places` where each record begins and its first variable.
    func place(
        _ template: Int,
        pieces: ArraySlice<Int64>,
        _ rows: Span<Int32>,
        _ texts: TextStore,
        _ places: (starts: [Int], firsts: [Int32]),
        into variables: inout [RecordShapes.Slot]
    ) {
        let plan = plans[template]
        let (slots, parts) = (slots.span.extracting(plan.slots), parts.span)
        let (lengths, all) = (pieces.span, texts.slots.span)
        var target = variables.mutableSpan
        for index in 0..<rows.count {
            let row = Int(rows[index])
            var position = places.starts[row]
            guard position >= 0 else { continue }
            let first = Int(places.firsts[row])
            for slot in 0..<slots.count {
                position += Int(lengths[slot])
                let range = slots[slot]
                var length = range.count - 1
                for part in range { length += Int(all[parts[part].index(index)].length) }
                target[first + slot] = RecordShapes.Slot(start: UInt32(position), length: UInt32(length))
                position += length
            }
        }
    }
}
