// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The fields of one event, taken one by one; what nobody takes is told at the end, so that an export leaves
/// nothing out.
struct ExportFields {
    private let batch: EventBatch
    private let index: Int
    private var taken: Set<FieldID> = []

    init(_ batch: EventBatch, _ index: Int) {
        self.batch = batch
        self.index = index
    }

    var event: Event { batch.events[index] }
    var decoder: String { EventObject.decoder(batch, index) }

    /// The first value of a field, which counts as taken when it is the only one.
    mutating func text(_ field: FieldID) -> String? {
        guard let value = batch.text(field, in: index), !value.isEmpty else { return nil }
        taken.insert(field)
        return value
    }

    /// The first value of a field, which stays among the rest.
    func peek(_ field: FieldID) -> String? { batch.text(field, in: index) }

    /// The first value of an `ext.*` field.
    mutating func text(named name: String) -> String? { batch.field(named: name).flatMap { text($0) } }

    /// The first value as a number; text that is none stays among the rest.
    mutating func integer(_ field: FieldID) -> Int64? {
        guard let value = batch.integer(field, in: index) else { return nil }
        taken.insert(field)
        return value
    }

    /// The first value as a port; what is none stays among the rest.
    mutating func port(_ field: FieldID) -> Int64? {
        guard let value = batch.integer(field, in: index), value <= 65_535 else { return nil }
        taken.insert(field)
        return value
    }

    /// What was not taken, and further values of what was, under our own names.
    var rest: [JSONValue.Member] {
        var seen: Set<FieldID> = []
        var members: [JSONValue.Member] = []
        var places: [FieldID: Int] = [:]
        for entry in batch.fields(of: index) {
            if taken.contains(entry.field), seen.insert(entry.field).inserted { continue }
            let value = JSONValue.text(String(decoding: batch.bytes[entry.range], as: UTF8.self))
            if let place = places[entry.field] {
                let earlier = members[place].value
                members[place].value = .array((earlier.elements ?? [earlier]) + [value])
            } else {
                places[entry.field] = members.count
                members.append(.init(batch.name(of: entry.field), value))
            }
        }
        return members
    }
}

/// Members of an object in the making; absent values are left out.
struct ObjectDraft {
    private(set) var members: [JSONValue.Member] = []

    var isEmpty: Bool { members.isEmpty }
    var json: JSONValue { .object(members) }

    mutating func add(_ name: String, _ value: JSONValue?) {
        if let value { members.append(.init(name, value)) }
    }

    mutating func add(_ name: String, _ value: String?) { add(name, value.map(JSONValue.text)) }

    mutating func add(_ name: String, _ value: Int64?) { add(name, value.map(JSONValue.integer)) }

    mutating func add(_ name: String, _ value: Int) { add(name, JSONValue.integer(Int64(value))) }

    /// Adds an object unless it is empty.
    mutating func add(_ name: String, _ value: ObjectDraft) { if !value.isEmpty { add(name, value.json) } }
}
