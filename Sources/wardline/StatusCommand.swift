// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Daemon
import EventModel
import QueryEngine

/// `wardline status`: what the daemon does, or where the store stands without one.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show whether a daemon runs, what is durable, what is judged."
    )

    @Option(name: .shortAndLong, help: ArgumentHelp("Output: short or json.", valueName: "MODE"))
    var output: OutputMode = .short

    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: output)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        let status: JSONValue
        if StoreWriting.hasDaemon(reader.path) {
            let answer = try ControlClient(storePath: reader.path).send(ControlClient.request("status"))
            status = StatusText.object(running: true, answer)
        } else {
            let figures = try reader.figures()
            status = StatusText.object(
                running: false,
                .object([
                    .init("state", .text("stopped")),
                    .init("durableOffset", .integer(Int64(clamping: figures.durableOffset.value))),
                    .init("records", .integer(Int64(clamping: figures.durableOffset.value))),
                    .init("judged", .integer(Int64(clamping: figures.judgedOffset.value))),
                    .init("journal", .integer(figures.journalEntries)),
                ])
            )
        }
        if output.isForPrograms {
            context.output.line(TerminalText.escapedJSON(status.line))
        } else {
            context.output.lines(StatusText.lines(status))
        }
        context.output.finish()
    }
}

/// A status as text and as an object.
enum StatusText {
    static func object(running: Bool, _ answer: JSONValue) -> JSONValue {
        guard case .object(let members) = answer else { return answer }
        return .object([.init("running", .bool(running))] + members)
    }

    /// One line per member; listeners below each other.
    static func lines(_ status: JSONValue) -> [String] {
        guard case .object(let members) = status else { return [] }
        var lines: [String] = []
        for member in members {
            if let listeners = member.value.elements {
                for listener in listeners {
                    var counts = [
                        "received", "kernelDrops", "rateDrops", "truncated", "connections", "refused",
                    ].compactMap { name in
                        listener[name]?.integer.map { "\(name) \(Amount.count($0))" }
                    }
                    for name in ["lost", "malformed"] {
                        guard let count = listener[name]?.integer, count > 0 else { continue }
                        counts.append("\(name) \(Amount.count(count))")
                    }
                    if let fault = listener["fault"]?.text, !fault.isEmpty {
                        counts.append("last: " + TerminalText.escaped(fault))
                    }
                    let faults = StatusText.faults(listener)
                    let name = TerminalText.escaped(listener["name"]?.text ?? "")
                    let address = TerminalText.escaped(listener["address"]?.text ?? "")
                    lines.append("listener       \(name) \(address)  " + counts.joined(separator: ", "))
                    lines += faults
                }
            } else {
                let value = TerminalText.escaped(EventRenderer.text(member.value))
                lines.append(TerminalText.fitted(member.name, 13) + "  " + value)
            }
        }
        return lines
    }

    /// One line for each kind of fault of a listener.
    private static func faults(_ listener: JSONValue) -> [String] {
        guard case .object(let faults)? = listener["faults"] else { return [] }
        return faults.compactMap { fault in
            fault.value.integer.map {
                "fault          \(TerminalText.escaped(fault.name)): \(Amount.count($0))"
            }
        }
    }
}
