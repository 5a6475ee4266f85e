// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Takes the records of one batch after another apart; its memory serves from batch to batch.
public struct RecordShaper: Sendable {
    /// What ``take(_:)`` found last.
    public private(set) var shapes = RecordShapes()
    private var table = ShapeTable()
    private var tree = ShapeTree()
    /// First time of the record under way.
    private var time: Int64 = 0

    /// No records yet; ``take(_:)`` may be called again and again.
    public init() {}

    /// Takes the records of `batch` apart, in place of what was here.
    public mutating func take(_ batch: RecordBatch) {
        reset(rows: batch.rows.count)
        let span = batch.bytes.span
        var scanner = ShapeScanner()
        for row in batch.rows {
            shapes.numbers.append(number(of: row.range, &scanner, span))
            shapes.firstSlots.append(UInt32(shapes.slots.count))
            shapes.times.append(time)
        }
        shapes.dissolveRare(batch)
    }

    /// The template of the record at `range`; its variables are appended.
    private mutating func number(
        of range: Range<Int>,
        _ scanner: inout ShapeScanner,
        _ bytes: Span<UInt8>
    ) -> UInt16 {
        if let number = tree.find(scanner, bytes, range, into: &shapes.slots) {
            time = tree.time
            return UInt16(number)
        }
        scanner.scan(bytes, range)
        time = scanner.time
        let known = shapes.templates.count
        let number = place(scanner, bytes, range)
        if shapes.templates.count > known { tree.insert(known, scanner, bytes) }
        return number
    }

    private mutating func reset(rows: Int) {
        shapes.templates.removeAll(keepingCapacity: true)
        shapes.literals.removeAll(keepingCapacity: true)
        shapes.pieceLengths.removeAll(keepingCapacity: true)
        shapes.slotKinds.removeAll(keepingCapacity: true)
        shapes.numbers.removeAll(keepingCapacity: true)
        shapes.slots.removeAll(keepingCapacity: true)
        shapes.firstSlots.removeAll(keepingCapacity: true)
        shapes.times.removeAll(keepingCapacity: true)
        shapes.times.reserveCapacity(rows)
        shapes.numbers.reserveCapacity(rows)
        shapes.firstSlots.reserveCapacity(rows + 1)
        shapes.firstSlots.append(0)
        table.removeAll()
        tree.removeAll()
        shapes.templates.append(
            RecordShapes.Template(firstKind: 0, slotCount: 1, firstLiteral: 0, literalLength: 0)
        )
        shapes.pieceLengths.append(contentsOf: [0, 0])
        shapes.slotKinds.append(RecordShapes.text)
    }

    /// The template of the scanned record; its variables are appended.
    private mutating func place(_ scan: ShapeScanner, _ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt16 {
        let hash = scan.hash
        var place = table.first(hash)
        while let number = table.number(at: place) {
            if table.hash(at: place) == hash, matches(scan, bytes, number) {
                shapes.slots.append(contentsOf: scan.slots)
                return UInt16(number)
            }
            place = table.next(place)
        }
        guard shapes.templates.count < RecordShapes.templateCountMax,
            scan.literalLength <= RecordShapes.templateSizeMaxBytes,
            shapes.literals.count + scan.literalLength <= RecordShapes.literalSizeMaxBytes
        else {
            shapes.slots.append(
                RecordShapes.Slot(start: UInt32(range.lowerBound), length: UInt32(range.count))
            )
            return 0
        }
        let number = shapes.templates.count
        shapes.templates.append(
            RecordShapes.Template(
                firstKind: shapes.slotKinds.count,
                slotCount: scan.slots.count,
                firstLiteral: shapes.literals.count,
                literalLength: scan.literalLength
            )
        )
        for piece in scan.pieces {
            shapes.literals.append(bytes, piece.range)
            shapes.pieceLengths.append(piece.length)
        }
        shapes.slotKinds.append(contentsOf: scan.kinds)
        shapes.slots.append(contentsOf: scan.slots)
        table.insert(hash, number, at: place)
        return UInt16(number)
    }

    private func matches(_ scan: ShapeScanner, _ bytes: Span<UInt8>, _ number: Int) -> Bool {
        let template = shapes.templates[number]
        guard template.slotCount == scan.slots.count, template.literalLength == scan.literalLength else {
            return false
        }
        let firstPiece = template.firstKind + number
        var position = template.firstLiteral
        for index in 0...template.slotCount {
            let piece = scan.pieces[index]
            guard shapes.pieceLengths[firstPiece + index] == piece.length else { return false }
            guard shapes.literals.span.isEqual(at: position, to: bytes, piece.range) else { return false }
            position += Int(piece.length)
        }
        for index in 0..<template.slotCount
        where shapes.slotKinds[template.firstKind + index] != scan.kinds[index] { return false }
        return true
    }
}

/// Templates by hash: open addressing, emptied without touching every place.
struct ShapeTable: Sendable {
    /// Four places per template.
    private static let size = 4 * RecordShapes.templateCountMax

    private var hashes = [UInt64](repeating: 0, count: ShapeTable.size)
    /// Template number plus 1, in the generation of the upper half.
    private var entries = [UInt64](repeating: 0, count: ShapeTable.size)
    private var generation: UInt64 = 1

    mutating func removeAll() { generation += 1 }

    func first(_ hash: UInt64) -> Int { Int(hash & UInt64(ShapeTable.size - 1)) }

    func next(_ place: Int) -> Int { (place + 1) & (ShapeTable.size - 1) }

    func number(at place: Int) -> Int? {
        let entry = entries[place]
        return entry >> 32 == generation ? Int(entry & 0xffff_ffff) : nil
    }

    func hash(at place: Int) -> UInt64 { hashes[place] }

    mutating func insert(_ hash: UInt64, _ number: Int, at place: Int) {
        hashes[place] = hash
        entries[place] = generation << 32 | UInt64(number)
    }
}
