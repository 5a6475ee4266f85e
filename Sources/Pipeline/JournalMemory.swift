// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import SegmentLog
import WireFormats

/// What the journal says already, so that judging the log again appends nothing twice and differences show.
struct JournalMemory: Sendable {
    private struct Subject: Hashable {
        var kind: String
        var id: String
    }

    /// What was said last of each alert and incident, without when it was said.
    private var said: [Subject: UInt64] = [:]
    /// What an alert of the journal rests on.
    private struct Basis {
        var evidence: [Offset]
        /// Whether it is too low to be looked at alone, so that retention lets its evidence go unless an
        /// incident cites it.
        var isLow: Bool
        /// How far the log was judged when it was said.
        var at: Offset

        init(_ fact: JSONValue) {
            at = Offset(UInt64(max(0, fact["at"]?.integer ?? 0)))
            evidence = (fact["evidence"]?.elements ?? []).compactMap(\.integer).filter { $0 >= 0 }
                .map { Offset(UInt64($0)) }
            isLow = fact["level"]?.text.map { ["informational", "low"].contains($0) } ?? false
        }
    }

    /// Alerts that the journal confirms and this run has not reached yet.
    private var unreached: [String: Basis] = [:]
    /// Records that retention removed.
    private var removed: Set<Offset> = []
    /// Facts reached again before the place where the journal ends, the last of each subject.
    private var waiting: [Subject: JSONValue] = [:]
    private var order: [Subject] = []
    /// How far the log was judged when the newest fact was written.
    private var reach = Offset.zero
    private(set) var isCaughtUp = false

    /// Reads the journal of a store; empty where there is none yet.
    init(_ store: StorePaths, _ storage: any LogStorage) throws(WardlineError) {
        do throws(StorageError) {
            guard try storage.exists(store.root + "/journal") else { return }
        } catch {
            throw WardlineError(
                .storage,
                "The journal cannot be read.",
                cause: error.description,
                location: store.root
            )
        }
        do throws(LogError) {
            let reader = try LogReader.open(storage: storage, path: store.root, stream: "journal")
            for part in reader.parts {
                guard let records = try reader.soundRecords(part) else { continue }
                for (index, row) in records.rows.enumerated() where row.kind == .fact {
                    if let fact = try? JSONValue(parsing: records.payload(index).span) { recall(fact) }
                }
            }
        } catch {
            throw error.wardlineError("read", "the journal")
        }
    }

    private mutating func recall(_ fact: JSONValue) {
        guard let subject = JournalMemory.subject(fact) else { return }
        said[subject] = JournalMemory.content(fact)
        if let at = fact["at"]?.integer, at >= 0 { reach = max(reach, Offset(UInt64(at))) }
        if subject.kind == "alert" { unreached[subject.id] = Basis(fact) }
        if let old = fact["replaces"]?.text { unreached[old] = nil }
        // Judged at once with what took it back, it is never told.
        if JournalMemory.isRetraction(fact) { unreached[subject.id] = nil }
    }

    /// Judgement goes on at `offset`: what was said up to there was reached before.
    mutating func resume(at offset: Offset) { unreached = unreached.filter { $0.value.at > offset } }

    /// Notes that retention removed the record at `offset`.
    mutating func lose(_ offset: Offset) { if !isCaughtUp { removed.insert(offset) } }

    /// Whether an alert that was not reached again must have been: after removals the journal's word counts
    /// for what lies before (decision 0018), but what a verdict cites had to stay.
    private func isError(_ basis: Basis) -> Bool {
        guard let first = basis.evidence.min(), let last = removed.max(), first < last else { return true }
        return !basis.isLow && basis.evidence.contains(where: removed.contains)
    }

    /// Whether the journal says anything of an alert, by its id.
    func knows(alert id: String) -> Bool { said[Subject(kind: "alert", id: id)] != nil }

    private static func isRetraction(_ fact: JSONValue) -> Bool { fact["fact"]?.text == "alert.retracted" }

    private static func subject(_ fact: JSONValue) -> Subject? {
        guard let name = fact["fact"]?.text, let dot = name.firstIndex(of: ".") else { return nil }
        return Subject(kind: String(name[..<dot]), id: fact["id"]?.text ?? fact["reason"]?.text ?? "")
    }

    /// Hash of what a fact says, whatever it is called and whenever it was said.
    private static func content(_ fact: JSONValue) -> UInt64 {
        guard case .object(let members) = fact else { return 0 }
        var hash = StableHash()
        hash.combine(
            JSONValue.object(
                members.filter { !["fact", "at", "replaces", "from", "because"].contains($0.name) }
            ).line
        )
        if fact["fact"]?.text?.hasSuffix(".retracted") ?? false { hash.combine("retracted") }
        return hash.value
    }

    /// Facts to append of `facts`, reached when the log was judged up to `offset`.
    mutating func news(_ facts: [JSONValue], at offset: Offset) -> [JSONValue] {
        guard isCaughtUp else {
            for fact in facts { wait(fact) }
            return []
        }
        return facts.compactMap { fact in
            guard let subject = JournalMemory.subject(fact) else { return nil }
            let content = JournalMemory.content(fact)
            if JournalMemory.isRetraction(fact), said[subject] == nil { return nil }
            guard said.updateValue(content, forKey: subject) != content else { return nil }
            guard case .object(let members) = fact else { return nil }
            return .object(members + [.init("at", .integer(Int64(offset.value)))])
        }
    }

    private mutating func wait(_ fact: JSONValue) {
        guard let subject = JournalMemory.subject(fact) else { return }
        if waiting.updateValue(fact, forKey: subject) == nil { order.append(subject) }
    }

    /// Compares what was reached again with the journal once the log is judged as far as the journal knew it.
    mutating func catchUp(at offset: Offset) -> [JSONValue] {
        guard !isCaughtUp, offset >= reach else { return [] }
        isCaughtUp = true
        let facts = order.compactMap { waiting[$0] }
        for subject in order where subject.kind == "alert" { unreached[subject.id] = nil }
        let lost = unreached.filter { isError($0.value) }.keys.sorted().map { VerdictFacts.determinism($0) }
        waiting = [:]
        order = []
        unreached = [:]
        removed = []
        return news(facts + lost, at: offset)
    }
}
