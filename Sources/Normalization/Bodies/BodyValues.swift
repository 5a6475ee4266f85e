// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// The named values of one body: what a pattern captured or a keyed format holds.
///
/// Reused from record to record.
///
/// Values stay where they are: in the record's bytes, or in `work` when they had to be unescaped.
struct BodyValues: Sendable {
    /// Where a value lies.
    struct Value: Sendable {
        var start: Int32
        var end: Int32
        var isInWork: Bool

        var range: Range<Int> { Int(start)..<Int(end) }
    }

    /// A key with its value.
    struct Leaf: Sendable {
        var key: Value
        var value: Value
        /// Slot of the key; -1 when no decoder names it.
        var slot: Int32
        /// Slot of the key's name without the path before it, where the leaf fills that as well; else -1.
        var shortSlot: Int32 = -1
        /// Number of the key among the names of the normalizer; -1 if it is not known yet.
        var name: Int32
        /// Element of the exploded array; -1 outside.
        var element: Int32
    }

    /// Most leaves of one body; further ones stay in the raw bytes only and the event says
    /// `decode_truncated`.
    static let leafCountMax = 512

    /// Most bytes of unescaped text and joined keys per body.
    static let workSizeMaxBytes = 262_144

    /// Unescaped text and joined keys.
    var work: [UInt8] = []
    /// All keyed values in body order.
    private(set) var leaves: [Leaf] = []
    /// Names of the members of the objects that are open, innermost last; what lies behind is old.
    private(set) var memberNames: [Value] = []
    /// Number of those names.
    var memberCount = 0
    /// Names compared so far.
    var comparisonCount = 0
    /// Names looked at so far.
    var lookCount = 0
    /// Goes through XML bodies.
    var xml = XMLScanner()
    /// Paths of the open elements of XML, in `work`.
    var paths: [Range<Int>] = []
    /// Whether a bound was met.
    var isTruncated = false
    /// Whether what is read lies in `work`.
    var isInner = false
    /// Slot of the array whose elements are counted; -1 for none.
    var explodeSlot = -1
    /// Number of elements seen in that array.
    var elementCount = 0
    /// Where the first array of objects that a member of the body holds begins; nil when there is none.
    private(set) var objectsStart: Int?
    /// Where the first object begins that a member of the body keeps for somebody else; nil when there is
    /// none.
    private(set) var wrappedStart: Int?

    /// The value of a slot, which counts for the body with that stamp.
    private struct Slot: Sendable {
        var value = Value(start: 0, end: 0, isInWork: false)
        var stamp: UInt32 = 0
    }

    private var slots: [Slot]
    private var stamp: UInt32 = 1

    /// Room for the values of `slotCount` slots.
    init(slotCount: Int) {
        slots = Array(repeating: Slot(), count: slotCount)
    }

    /// Forgets all values.
    ///
    /// O(1) but once in 4 billion records.
    mutating func removeAll() {
        work.removeAll(keepingCapacity: true)
        leaves.removeAll(keepingCapacity: true)
        memberCount = 0
        comparisonCount = 0
        lookCount = 0
        isTruncated = false
        explodeSlot = -1
        elementCount = 0
        objectsStart = nil
        wrappedStart = nil
        stamp &+= 1
        if stamp == 0 {
            stamp = 1
            for index in slots.indices { slots[index].stamp = 0 }
        }
    }

    /// Notes where an array of objects begins, unless one was met before it.
    mutating func noteObjects(at start: Int) {
        if objectsStart == nil, !isInner { objectsStart = start }
    }

    /// Notes where an object of somebody else begins, unless one was met before it.
    mutating func noteWrapped(at start: Int) {
        if wrappedStart == nil, !isInner { wrappedStart = start }
    }

    /// Adds a name to those of the innermost open object.
    @inline(__always)
    mutating func noteMember(_ name: Value) {
        if memberCount < memberNames.count {
            memberNames[memberCount] = name
        } else {
            memberNames.append(name)
        }
        memberCount += 1
    }

    /// Forgets the leaves and the values of their slots.
    mutating func removeLeaves() {
        for leaf in leaves { clear(leaf) }
        leaves.removeAll(keepingCapacity: true)
    }

    /// Forgets the leaves that `isUnwanted` says, and the values of their slots.
    mutating func removeLeaves(where isUnwanted: (Leaf) -> Bool) {
        for leaf in leaves where isUnwanted(leaf) { clear(leaf) }
        leaves.removeAll(where: isUnwanted)
    }

    private mutating func clear(_ leaf: Leaf) {
        if leaf.slot >= 0 { clear(Int(leaf.slot)) }
        if leaf.shortSlot >= 0 { clear(Int(leaf.shortSlot)) }
    }

    /// Lets leaves fill the slots of their short names, by slot in `shortSlots`, where these have no value.
    mutating func shorten(_ shortSlots: Span<Int32>) {
        for index in leaves.indices {
            let slot = Int(leaves[index].slot)
            guard slot >= 0, slot < shortSlots.count, shortSlots[slot] >= 0, leaves[index].shortSlot < 0,
                !has(Int(shortSlots[slot]))
            else { continue }
            leaves[index].shortSlot = shortSlots[slot]
            set(Int(shortSlots[slot]), leaves[index].value)
        }
    }

    /// Whether `slot` has a value.
    @inline(__always)
    func has(_ slot: Int) -> Bool { slots[slot].stamp == stamp }

    /// The value of `slot`; nil if there is none.
    @inline(__always)
    func value(_ slot: Int) -> Value? {
        let found = slots[slot]
        return found.stamp == stamp ? found.value : nil
    }

    /// Sets the value of `slot`, unless it has one: the first counts.
    ///
    /// Names that are no slots have no values.
    @inline(__always)
    mutating func set(_ slot: Int, _ value: Value) {
        guard slot < slots.count, slots[slot].stamp != stamp else { return }
        slots[slot] = Slot(value: value, stamp: stamp)
    }

    /// Forgets the value of `slot`.
    mutating func clear(_ slot: Int) { slots[slot].stamp = 0 }

    /// Adds a leaf and gives its slot the value.
    ///
    /// - Parameter name: Number of the key among the names of the normalizer, the first of which are slots.
    mutating func add(_ key: Value, _ value: Value, name: Int?, element: Int = -1) {
        guard !isFull else {
            isTruncated = true
            return
        }
        let number = Int32(truncatingIfNeeded: name ?? -1)
        let slot = Int(number) < slots.count ? number : -1
        var (key, value) = (key, value)
        if isInner { (key.isInWork, value.isInWork) = (true, true) }
        leaves.append(Leaf(key: key, value: value, slot: slot, name: number, element: Int32(element)))
        if slot >= 0, element < 0 { set(Int(slot), value) }
    }

    /// Appends a part of `work` to it.
    mutating func repeatWork(_ range: Range<Int>) {
        // A slice would share the buffer, and the append copy all of it.
        let start = work.count
        work.append(contentsOf: repeatElement(0, count: range.count))
        var bytes = work.mutableSpan
        for lane in 0..<range.count { bytes[start + lane] = bytes[range.lowerBound + lane] }
    }

    /// Whether nothing more of the body is kept.
    var isFull: Bool { leaves.count >= BodyValues.leafCountMax || work.count >= BodyValues.workSizeMaxBytes }

    /// Points the slots of element `number` at its values; the slots of other elements are cleared.
    mutating func choose(element number: Int) {
        for leaf in leaves where leaf.element >= 0 && leaf.slot >= 0 { clear(Int(leaf.slot)) }
        for leaf in leaves where Int(leaf.element) == number && leaf.slot >= 0 {
            set(Int(leaf.slot), leaf.value)
        }
    }

    /// Lets the slot of leaf `number` have its value, if it is the newest leaf; earlier ones of that slot
    /// stay
    /// under their own name.
    mutating func supersede(by number: Int) {
        guard number == leaves.count - 1, leaves[number].slot >= 0 else { return }
        let leaf = leaves[number]
        for other in 0..<number where leaves[other].slot == leaf.slot && leaves[other].element == leaf.element
        {
            leaves[other].slot = -1
        }
        guard leaf.element < 0 else { return }
        clear(Int(leaf.slot))
        set(Int(leaf.slot), leaf.value)
    }

    /// Replaces the key of leaf `index`.
    mutating func rename(_ index: Int, to key: Value) {
        leaves[index].key = key
        leaves[index].name = -1
    }
}
