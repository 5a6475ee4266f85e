// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Projections
import Timelines

/// `wardline incidents ack`: somebody looks into it.
struct IncidentAcknowledge: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack",
        abstract: "Say that you look into an incident.",
        discussion: """
            It stays acknowledged while evidence comes, until it is closed; what opens it again afterwards \
            is new. `incidents undo` takes it back.
            """
    )

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Option(help: ArgumentHelp("What for, for those who look too.", valueName: "TEXT"))
    var reason: String?
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let remark = try ActWriting.remark(.acknowledge, on: id, reason ?? "", store, common)
        if !common.quiet { Messages.note("\(remark.incident) is acknowledged by \(remark.actor)") }
    }
}

/// `wardline incidents assign`: who is to handle it.
struct IncidentAssign: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assign",
        abstract: "Say who is to handle an incident.",
        discussion: """
            The newest assignment counts. It does not acknowledge the incident: that is for who was told. \
            `incidents --assignee WHO` lists theirs; `incidents undo` takes it back.
            """
    )

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Argument(help: ArgumentHelp("A person or a team.", valueName: "WHO"))
    var assignee: String
    @Option(help: ArgumentHelp("Why, for those who look later.", valueName: "TEXT"))
    var reason: String?
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard assignee.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("WHO needs a name.")
        }
    }

    func run() throws {
        let name = Substring(assignee).trimmed
        let remark = try ActWriting.remark(.assign, on: id, reason ?? "", to: name, store, common)
        if !common.quiet {
            Messages.note(TerminalText.escaped("\(remark.incident) is assigned to \(name)"))
        }
    }
}

/// `wardline incidents note`: what people found out.
struct IncidentNote: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note",
        abstract: "Write a note on an incident.",
        discussion: """
            A note is a record of the log: who wrote it and when stay, also after `incidents undo` took it \
            back. The timeline shows notes, and a case file carries them.
            """
    )

    @Argument(help: ArgumentHelp("Incident id or the beginning of one.", valueName: "ID"))
    var id: String
    @Argument(help: ArgumentHelp("The note, 1,024 bytes at most.", valueName: "TEXT"))
    var text: String
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    mutating func validate() throws {
        guard text.contains(where: { !$0.isWhitespace }) else { throw ValidationError("TEXT is empty.") }
    }

    func run() throws {
        let remark = try ActWriting.remark(.note, on: id, text, store, common)
        if !common.quiet { Messages.note("\(remark.incident) has the note") }
    }
}

extension ActWriting {
    /// Stores a remark on the incident that `id` names; answers with it.
    fileprivate static func remark(
        _ kind: IncidentAct.Kind,
        on id: String,
        _ text: String,
        to assignee: String = "",
        _ store: StoreOptions,
        _ common: CommonOptions
    ) throws -> IncidentAct {
        let context = try CommandContext(common)
        let path = try StoreLocation.path(store, context.environment)
        let found = try find(id, path, common)
        var act = act(kind, found, text)
        act.assignee = assignee
        act.marks = try marks(found, found.alerts)
        try self.store(act, path, context)
        return act
    }
}

extension ActText {
    /// What a remark says, in one line.
    static func line(_ remark: IncidentRemark, _ times: TimeStyle) -> String {
        let what =
            switch remark.kind {
            case .acknowledge: "acknowledged"
            case .assign: "assigned to \(remark.assignee)"
            default: "noted"
            }
        let text = "\(what) by \(remark.actor) at \(times.seconds(remark.time))"
        return remark.text.isEmpty ? text : text + ": " + remark.text
    }
}
