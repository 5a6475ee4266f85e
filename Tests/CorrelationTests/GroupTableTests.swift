// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

@testable import Correlation

/// A table that packs groups holds what one that packs none holds.
struct GroupTableTests {
    /// A group as rules have them: events, and when it was touched.
    private struct Group: KeyedGroup, Equatable {
        var candidates: [Candidate]
        var touched: UTCTime
        var isSmall: Bool { candidates.count <= 4 }

        func write(to encoder: SnapshotEncoder) throws {
            try encoder.write(candidates)
            encoder.write(touched)
        }

        static func read(from decoder: SnapshotDecoder) throws -> Group {
            Group(candidates: try decoder.value(), touched: try decoder.time())
        }

        static func == (left: Group, right: Group) -> Bool {
            left.touched == right.touched && left.candidates.map(text) == right.candidates.map(text)
        }

        private static func text(_ candidate: Candidate) -> String {
            let fields = candidate.batch.fields(of: candidate.index).map { entry in
                candidate.batch.name(of: entry.field) + "="
                    + String(decoding: candidate.batch.bytes[entry.range], as: UTF8.self)
            }
            let header = [candidate.event.time, candidate.event.deviceTime, candidate.event.receiveTime]
            return "\(fields) \(header) \(candidate.witness) \(candidate.reporter)"
        }
    }

    private static func time(_ second: Int) -> UTCTime {
        UTCTime(nanoseconds: Int64(1_000_000 + second) * UTCTime.second)
    }

    private static func key(_ number: Int) -> GroupKey { GroupKey(["user.name=u\(number)"]) }

    private static func candidate(_ number: Int, _ second: Int) -> Candidate {
        var batch = EventBatch()
        batch.decoders = ["none", "other", "openssh", "sudo"]
        batch.extensionNames = ["ext.unused", "ext.kind", "ext.more"]
        var event = Event(offset: Offset(UInt64(number)), time: time(second), logTime: time(second + 5))
        event.decoder = UInt16(2 + number % 2)
        if number % 3 == 0 { event.receiveTime = time(second) }
        batch.begin(event)
        batch.add(.hostName, "host-\(number % 7)")
        batch.add(FieldID(rawValue: FieldID.firstExtension + 1), "k\(number)")
        batch.add(.recordDigest, [UInt8](repeating: UInt8(number % 256), count: 32))
        return Candidate(batch: batch, index: 0)
    }

    /// Random takes and puts; what each take gave, and what is left.
    private static func run(_ looseCountMax: Int, bound: Int, seed: UInt64) -> [Group?] {
        var table = GroupTable<Group>(bound: bound, looseCountMax: looseCountMax)
        var state = seed
        func next(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        var taken: [Group?] = []
        for step in 0..<240 {
            let number = next(40)
            let found = table.take(key(number))
            taken.append(found)
            var group = found ?? Group(candidates: [], touched: .absent)
            group.candidates.append(candidate(step, step))
            group.touched = time(step)
            // Now and then a group goes.
            if next(9) > 0 { table.put(group, key(number), after: time(step - 180)) }
        }
        return taken + (0..<40).map { table.take(key($0)) }
    }

    @Test(arguments: [0, 1, 7, 40])
    func `packing leaves no trace in what is taken`(_ looseCountMax: Int) {
        for seed in 1...5 as ClosedRange<UInt64> {
            for bound in [20, 1_000] {
                let plain = Self.run(.max, bound: bound, seed: seed)
                #expect(Self.run(looseCountMax, bound: bound, seed: seed) == plain)
                // Some are too large to be packed.
                #expect(bound < 1_000 || plain.contains { ($0?.candidates.count ?? 0) > 4 })
            }
            // The planted mutant: a bound of one group more shows.
            #expect(Self.run(looseCountMax, bound: 21, seed: seed) != Self.run(.max, bound: 20, seed: seed))
        }
    }

    @Test func `a packed group that was damaged counts as gone`() throws {
        let group = Group(candidates: [Self.candidate(1, 1)], touched: Self.time(1))
        let whole = try PackedGroup(group, Self.key(1)).bytes
        var caught = 0
        for index in whole.indices {
            var damaged = whole
            damaged.removeSubrange(index...)
            guard let packed = PackedGroup<Group>(damaged) else { continue }
            #expect(throws: (any Error).self) { try packed.group(of: Self.key(1)) }
            let encoder = SnapshotEncoder()
            for count in [100, 0, 256, 0, 1] { encoder.write(count: count) }
            encoder.write(hash: Self.key(1).digest)
            encoder.write(damaged)
            var table = GroupTable<Group>(looseCountMax: 1)
            try table.resume(from: SnapshotDecoder(encoder.bytes))
            #expect(table.take(Self.key(1)) == nil)
            #expect(table.evictions == 1)
            caught += 1
        }
        #expect(caught > 100)
        #expect(try PackedGroup<Group>(whole)?.group(of: Self.key(1)) == group)
        #expect(try PackedGroup<Group>(whole)?.group(of: Self.key(2)) == nil)
    }

    @Test func `a group of one event is packed in some 150 bytes and what its fields hold`() throws {
        let candidate = Self.candidate(1, 1)
        let packed = try PackedGroup(Group(candidates: [candidate], touched: Self.time(1)), Self.key(1))
        #expect(packed.bytes.count <= 150 + candidate.batch.bytes.count)
    }
}
