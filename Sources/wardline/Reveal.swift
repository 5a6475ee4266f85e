// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import QueryEngine
import SegmentLog
import Timelines

/// Showing bytes of records that hold patient data: for a reason only, which the log keeps (DESIGN 3.3).
enum Reveal {
    /// Refuses a reason that says nothing.
    static func validate(_ reason: String) throws(ValidationError) {
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--reveal needs a reason.")
        }
    }

    /// Writes down that patient data are shown, before they are.
    static func journal(
        _ reason: String,
        _ what: String,
        _ path: String,
        _ context: CommandContext
    ) throws {
        var act = IncidentAct(
            kind: .reveal,
            incident: "",
            actor: Confirmation.actor,
            time: CommandContext.wallClock,
            reason: reason
        )
        act.query = what
        try ActWriting.store(act, path, context)
    }

    /// Whether an event of the record at `offset` has a patient's token.
    static func isNeeded(_ offset: Offset, _ source: any PartSource) throws(WardlineError) -> Bool {
        guard let part = try source.parts().first(where: { $0.base <= offset && offset < $0.end }) else {
            return false
        }
        let events = try source.load(part, where: .everything).events
        return events.events.indices.contains { index in
            events.events[index].offset == offset && events.range(of: .patientToken, in: index) != nil
        }
    }
}
