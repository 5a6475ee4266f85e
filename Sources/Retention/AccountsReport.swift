// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// Something that the accounts of removals and holds say, and what speaks against it.
public struct AccountNote: Hashable, Sendable {
    /// Which accounts disagree.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The file of holds has something that is no signed note of a hold.
        case holdNote
        /// The file of holds is not what an act of the log says.
        case holdAct
        /// An entry of the journal does not repeat an act of a hold, or there is none.
        case holdEntry
        /// An entry of the journal does not say what a tombstone says, or there is none.
        case removalEntry
        /// Records were removed while a hold covered them.
        case heldRecords
    }

    /// The file or stream, from the folder of the store.
    public var file: String
    /// The act of the log or the entry of the journal that it is about; nil when it is about none.
    public var record: Offset?
    /// Which accounts disagree.
    public var reason: Reason
    /// What it is, in words; names in it are those of the store, not escaped.
    public var text: String
    /// Whether it is damage for certain; else it is worth telling.
    public var isDamage = true
}

/// What comparing the accounts of a store with one another found.
public struct AccountsReport: Hashable, Sendable {
    /// What was found, the holds first.
    public internal(set) var notes: [AccountNote] = []

    /// Whether none of it is damage.
    public var isSound: Bool { notes.allSatisfy { !$0.isDamage } }

    mutating func tell(
        _ file: String,
        _ record: Offset? = nil,
        _ reason: AccountNote.Reason,
        _ text: String,
        isDamage: Bool = true
    ) {
        notes.append(
            AccountNote(file: file, record: record, reason: reason, text: text, isDamage: isDamage)
        )
    }
}
