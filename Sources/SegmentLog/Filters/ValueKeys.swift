// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Hashes of the values of a block's events, each once.
struct ValueKeys {
    private var keys = KeySet()
    private var folded: [UInt8] = []
    /// Whether every address is written as `IPAddress` writes it.
    private(set) var hasUsualAddresses = true

    init() {}

    /// 1 for the known fields whose values are kept, 2 where those are addresses.
    private static let kinds: [UInt8] = (0..<FieldID.firstExtension).map { number in
        let field = FieldID(rawValue: number)
        guard ValueKey.fields.contains(field) else { return 0 }
        return FieldID.addresses.contains(field) ? 2 : 1
    }

    private static let seeds: [UInt64] = (0..<FieldID.firstExtension).map { number in
        kinds[Int(number)] == 0 ? 0 : ValueKey.seed(EventBatch().name(of: FieldID(rawValue: number)))
    }

    /// Adds the fields of all events.
    mutating func insert(_ batch: EventBatch) {
        let (kinds, seeds) = (ValueKeys.kinds.span, ValueKeys.seeds.span)
        let bytes = batch.bytes.span
        for entry in batch.entries {
            let number = Int(entry.field.rawValue)
            guard number < kinds.count, kinds[number] > 0, entry.length <= ValueKey.lengthMax else {
                continue
            }
            let seed = seeds[number]
            let isNew = keys.insert(ValueKeys.foldedHash(bytes, entry.range, seed))
            if isNew, kinds[number] == 2 { insertAddress(bytes, entry.range, seed) }
        }
    }

    private mutating func insertAddress(_ bytes: Span<UInt8>, _ range: Range<Int>, _ seed: UInt64) {
        if let value = TextShape.address(bytes, range) {
            _ = keys.insert(ValueKey.hash(IPAddress(v4: UInt32(truncatingIfNeeded: value)), seed))
            return
        }
        folded.removeAll(keepingCapacity: true)
        for index in range { folded.append(ByteFolding.folded(bytes[index])) }
        guard let address = IPAddress(folded.span) else { return }
        _ = keys.insert(ValueKey.hash(address, seed))
        if !address.description.utf8.elementsEqual(folded) { hasUsualAddresses = false }
    }

    /// As ``ValueKey/hash(_:_:)-(_,_)`` of the folded text, eight bytes at a time.
    private static func foldedHash(_ bytes: Span<UInt8>, _ range: Range<Int>, _ seed: UInt64) -> UInt64 {
        var hash = StableHash(seed: seed)
        hash.combine(UInt64(range.count))
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            hash.combine(ByteFolding.folded(bytes.word(at: index)))
            index += 8
        }
        let rest = range.upperBound - index
        guard rest > 0 else { return hash.value }
        hash.combine(ByteFolding.folded(bytes.word(at: index, rest)))
        return hash.value
    }

    /// The hashes in no order.
    var all: [UInt64] { keys.all }

    /// The hashes, rising.
    var sorted: [UInt64] { keys.all.sorted() }
}

/// A set of hashes: open addressing by their lowest bits, half full at most.
private struct KeySet {
    private var places = [UInt64](repeating: 0, count: 1 << 12)
    private var count = 0
    /// Zero marks an empty place, so it is kept apart.
    private var hasZero = false

    /// Whether `key` was not there before.
    mutating func insert(_ key: UInt64) -> Bool {
        guard key != 0 else {
            defer { hasZero = true }
            return !hasZero
        }
        if 2 * count >= places.count { grow() }
        let mask = places.count - 1
        var place = Int(truncatingIfNeeded: key) & mask
        while places[place] != 0 {
            if places[place] == key { return false }
            place = (place + 1) & mask
        }
        places[place] = key
        count += 1
        return true
    }

    private mutating func grow() {
        let old = places
        places = [UInt64](repeating: 0, count: old.count * 2)
        let mask = places.count - 1
        for key in old where key != 0 {
            var place = Int(truncatingIfNeeded: key) & mask
            while places[place] != 0 { place = (place + 1) & mask }
            places[place] = key
        }
    }

    var all: [UInt64] { places.filter { $0 != 0 } + (hasZero ? [0] : []) }
}
