// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension RecordShapes {
    /// Fewest records of a template: what occurs less often is nearer to other rare lines than to itself.
    static let rowCountMin = 4

    /// Takes the templates of few records away; their records keep their first time and are text around it.
    mutating func dissolveRare(_ batch: RecordBatch) {
        var counts = [Int](repeating: 0, count: templates.count)
        for number in numbers { counts[Int(number)] += 1 }
        guard (1..<counts.count).contains(where: { counts[$0] < RecordShapes.rowCountMin }) else { return }
        var kept = RecordShapes.Kept()
        var renumbered = [UInt16](repeating: 0, count: templates.count)
        for number in templates.indices where number == 0 || counts[number] >= RecordShapes.rowCountMin {
            renumbered[number] = kept.add(templates[number], number, of: self)
        }
        // Templates of rare records by the form of their time.
        var rare = [UInt16](repeating: 0, count: 256)
        var newSlots: [Slot] = []
        newSlots.reserveCapacity(slots.count)
        for row in numbers.indices {
            let number = Int(numbers[row])
            let range = Int(firstSlots[row])..<Int(firstSlots[row + 1])
            firstSlots[row] = UInt32(newSlots.count)
            if number == 0 || counts[number] >= RecordShapes.rowCountMin {
                numbers[row] = renumbered[number]
                newSlots.append(contentsOf: slots[range])
                continue
            }
            let record = batch.rows[row].range
            let firstKind = templates[number].firstKind
            guard
                let stamp = range.indices.first(where: { slotKinds[firstKind + $0 - range.lowerBound] != 0 })
            else {
                numbers[row] = 0
                newSlots.append(Slot(start: UInt32(record.lowerBound), length: UInt32(record.count)))
                continue
            }
            let form = slotKinds[firstKind + stamp - range.lowerBound]
            if rare[Int(form)] == 0 { rare[Int(form)] = kept.add(aroundTimeOf: form) }
            numbers[row] = rare[Int(form)]
            let time = slots[stamp]
            let (start, end) = (UInt32(record.lowerBound), UInt32(record.upperBound))
            newSlots.append(Slot(start: start, length: time.start - start))
            newSlots.append(time)
            newSlots.append(Slot(start: time.start + time.length, length: end - time.start - time.length))
        }
        firstSlots[numbers.count] = UInt32(newSlots.count)
        slots = newSlots
        (templates, literals) = (kept.templates, kept.literals)
        (pieceLengths, slotKinds) = (kept.pieceLengths, kept.slotKinds)
    }

    /// Templates that stay.
    private struct Kept {
        var templates: [Template] = []
        var literals: [UInt8] = []
        var pieceLengths: [UInt32] = []
        var slotKinds: [UInt8] = []

        mutating func add(_ template: Template, _ number: Int, of shapes: RecordShapes) -> UInt16 {
            let pieces = template.firstKind + number
            begin(slotCount: template.slotCount, literalLength: template.literalLength)
            literals.append(
                contentsOf: shapes.literals[
                    template.firstLiteral..<template.firstLiteral + template.literalLength
                ]
            )
            pieceLengths.append(contentsOf: shapes.pieceLengths[pieces...pieces + template.slotCount])
            let kinds = template.firstKind..<template.firstKind + template.slotCount
            slotKinds.append(contentsOf: shapes.slotKinds[kinds])
            return UInt16(templates.count - 1)
        }

        mutating func add(aroundTimeOf form: UInt8) -> UInt16 {
            begin(slotCount: 3, literalLength: 0)
            pieceLengths.append(contentsOf: [0, 0, 0, 0])
            slotKinds.append(contentsOf: [RecordShapes.text, form, RecordShapes.text])
            return UInt16(templates.count - 1)
        }

        private mutating func begin(slotCount: Int, literalLength: Int) {
            templates.append(
                Template(
                    firstKind: slotKinds.count,
                    slotCount: slotCount,
                    firstLiteral: literals.count,
                    literalLength: literalLength
                )
            )
        }
    }
}
