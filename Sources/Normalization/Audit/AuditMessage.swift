// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// An audit message as its sender wrote it (DICOM PS3.15 A.5, RFC 3881, or FHIR AuditEvent), before any
/// judgement.
struct AuditMessage {
    /// A coded value: code, coding system, text.
    struct Code {
        var code = ""
        var system = ""
        var text = ""
    }

    /// Someone or something that took part.
    struct Participant {
        var userID = ""
        var alternativeID = ""
        var userName = ""
        var isRequestor = false
        /// 1 person, 2 application; empty if not said.
        var type = ""
        /// What kind of identifier `userID` is.
        var idType = ""
        var accessPoint = ""
        var media = ""
    }

    /// Something that was acted on.
    struct Object {
        var id = ""
        /// Name, as of a patient; only ever looked for in texts, to strike it out.
        var name = ""
        var type = ""
        var role = ""
        var idType = ""
        /// Kind and bytes of each detail.
        var details: [(type: String, value: String)] = []
        /// Studies that a description lists.
        var studies: [String] = []
    }

    var eventID = Code()
    var types: [Code] = []
    var action = ""
    var outcome = ""
    var outcomeText = ""
    var time = ""
    var participants: [Participant] = []
    /// Roles of the participants, each with the number of its participant.
    private(set) var roles: [(participant: Int, code: String)] = []
    /// Identifier of the reporting system.
    var source = ""
    var site = ""
    var objects: [Object] = []
    /// Why the text could not be read to its end; empty if it could.
    var fault: ParseIssues = []

    /// Participants or objects kept: a message beyond it is still one event.
    static let partCountMax = 256

    /// Forgets what was read and keeps the storage.
    mutating func removeAll() {
        eventID = Code()
        types.removeAll(keepingCapacity: true)
        action = ""
        outcome = ""
        outcomeText = ""
        time = ""
        participants.removeAll(keepingCapacity: true)
        roles.removeAll(keepingCapacity: true)
        source = ""
        site = ""
        objects.removeAll(keepingCapacity: true)
        fault = []
    }

    /// Gives a participant one more role.
    mutating func addRole(_ code: String, to participant: Int) { roles.append((participant, code)) }

    /// The first participant with the role `code`.
    func participant(inRole code: String) -> Participant? {
        var first: Int?
        for role in roles where role.code == code && role.participant < first ?? .max {
            first = role.participant
        }
        return first.map { participants[$0] }
    }
}
