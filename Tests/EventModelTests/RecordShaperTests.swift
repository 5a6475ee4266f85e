// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import EventModel

@Suite struct RecordShaperTests {
    /// Lines of few kinds, with variables of every sort and some that look like others.
    private static func lines(_ count: Int) -> [String] {
        (0..<count).map { number in
            let octet = number * 37 % 256
            let clock = "0\(number % 10):1\(octet % 10):2\(number % 7)"
            return switch number % 9 {
            case 0: "<38>Oct  5 \(clock) gw-\(octet % 4) sshd[\(octet)]: Failed password for u\(octet % 9)"
            case 1: "<38>Oct  5 \(clock) gw sshd[\(octet)]: Failed password for root from 10.0.7.\(octet)"
            case 2: "<134>1 2026-10-05T\(clock).\(100 + octet)Z f w - - - src=10.1.\(octet).9 user=ann"
            case 3: "{\"t\":\"2026-10-05T\(clock)Z\",\"i\":\"\(octet)/x\",\"p\":\"a b\",\"n\":\(octet)}"
            case 4: "mac \(String(octet, radix: 16)):0a:1b:2c:3d:4e len \(octet)"
            case 5: "read /var/log/a\(octet) and /etc/b, then \(octet)"
            case 6: "{\"t\":\"\(octet)\",\"i\":\"2026-10-05T\(clock)\",\"n\":\"x\(octet)\"}"
            case 7: octet % 2 == 0 ? "user root id 7" : "user u\(octet) id \(octet): 7"
            default: octet % 3 == 0 ? "" : "same line every time"
            }
        }
    }

    @Test func `a record of a known kind is taken apart as the scanner does it`() {
        var batch = RecordBatch()
        for line in RecordShaperTests.lines(2_000) {
            batch.append(Array(line.utf8), kind: .device, origin: 0, receiveTime: .absent)
        }
        var shaper = RecordShaper()
        var scanner = ShapeScanner()
        // The second round meets memory that was used.
        for _ in 0..<2 {
            shaper.take(batch)
            let shapes = shaper.shapes
            for (index, row) in batch.rows.enumerated() {
                scanner.scan(batch.bytes.span, row.range)
                let template = shapes.templates[Int(shapes.numbers[index])]
                #expect(Array(shapes.slots(of: index)) == scanner.slots)
                let kinds = shapes.slotKinds[template.firstKind..<template.firstKind + template.slotCount]
                #expect(Array(kinds) == scanner.kinds)
                #expect(shapes.times[index] == RecordShaperTests.time(of: index, shapes, batch))
            }
        }
    }

    /// The first time of a record, read again; 0 without one.
    private static func time(of index: Int, _ shapes: RecordShapes, _ batch: RecordBatch) -> Int64 {
        let template = shapes.templates[Int(shapes.numbers[index])]
        let kinds = shapes.slotKinds[template.firstKind..<template.firstKind + template.slotCount]
        guard let slot = kinds.firstIndex(where: { $0 != RecordShapes.text }) else { return 0 }
        let slots = Array(shapes.slots(of: index))
        let range = slots[slot - kinds.startIndex].range
        return StampForm.scan(batch.bytes.span, at: range.lowerBound, end: range.upperBound)?.value ?? -1
    }

    @Test func `four hashes side by side are those of each alone`() {
        let bytes = (0..<200).map { UInt8($0 * 59 & 255) }
        for first in 0..<40 {
            let ranges = (first..<first, 0..<first, 3..<64 + first, first..<(200 - first * 2))
            var alone: [UInt64] = []
            for range in [ranges.0, ranges.1, ranges.2, ranges.3] {
                var hash = StableHash()
                hash.combine(bytes.span, range)
                alone.append(hash.value)
            }
            let found = StableHash.values(bytes.span, ranges)
            #expect([found.0, found.1, found.2, found.3] == alone)
        }
    }

    @Test(arguments: 0..<20) func `any bytes are taken apart as the scanner does it`(_ seed: UInt64) {
        var state = StableHash(seed: seed)
        func below(_ bound: Int) -> Int {
            state.combine(1)
            return Int(state.value % UInt64(bound))
        }
        let words = [
            "a", "7", " ", "=", ":", "\"", "/", "ab:cd:ef", "2026-10-05T10:11:12", ".5", "[", "%A-1",
        ]
        var batch = RecordBatch()
        for _ in 0..<600 {
            let line = (0..<below(7)).map { _ in words[below(words.count)] }.joined()
            batch.append(Array(line.utf8), kind: .device, origin: 0, receiveTime: .absent)
        }
        var shaper = RecordShaper()
        shaper.take(batch)
        var scanner = ShapeScanner()
        var different = 0
        for (index, row) in batch.rows.enumerated() {
            scanner.scan(batch.bytes.span, row.range)
            let number = Int(shaper.shapes.numbers[index])
            // Rare templates were dissolved.
            guard number > 0, shaper.shapes.templates[number].literalLength > 0 else { continue }
            if Array(shaper.shapes.slots(of: index)) != scanner.slots { different += 1 }
        }
        // Words that begin like times: another guess, which gives back the same bytes.
        #expect(different < 3)
    }
}
