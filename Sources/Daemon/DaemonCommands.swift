// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Ingest
import Pipeline
import Platform
import SiteFiles

/// What the control socket can be asked.
struct DaemonCommands: Sendable {
    let options: DaemonOptions
    let content: DaemonContent
    let engine: Engine
    let listeners: Listeners
    /// Called when a site file came into force.
    let siteChanged: @Sendable () -> Void
    let follower: FileFollower
    private let startedAt = monotonicNanoseconds()

    init(
        options: DaemonOptions,
        content: DaemonContent,
        engine: Engine,
        listeners: Listeners,
        follower: FileFollower,
        siteChanged: @escaping @Sendable () -> Void
    ) {
        self.follower = follower
        self.siteChanged = siteChanged
        self.options = options
        self.content = content
        self.engine = engine
        self.listeners = listeners
    }

    /// Whether a request is answered at once, without waiting for disk or judge.
    static func isImmediate(_ request: JSONValue) -> Bool { request["command"]?.text == "status" }

    /// The answer: the result, or an object with `error`.
    func answer(_ request: JSONValue) -> JSONValue {
        do throws(WardlineError) {
            switch request["command"]?.text {
            case "status": return status
            case "settle": return .object([.init("offset", .integer(Int64(try engine.settle().value)))])
            case "ingest": return try ingest(request)
            case "import": return try importFile(request)
            case "act": return try act(request)
            default:
                throw WardlineError(
                    .usage,
                    "The command is not known; ask for status, settle, ingest, import or act."
                )
            }
        } catch {
            return ControlClient.failure(error)
        }
    }

    private var status: JSONValue {
        let status = engine.status
        var members: [JSONValue.Member] = [
            .init("pid", .integer(Int64(processIdentifier()))), .init("version", .text(options.version)),
            .init("uptime", .integer((monotonicNanoseconds() - startedAt) / UTCTime.second)),
            .init("state", .text(status.state.rawValue)),
            .init("durableOffset", .integer(Int64(status.durableOffset.value))),
            .init("records", .integer(Int64(status.durableOffset.value))),
            .init("judged", .integer(Int64(status.judgedOffset.value))),
            .init("journal", .integer(Int64(status.journalOffset.value))),
            .init(
                "queues",
                .object([
                    .init("intakeBytes", .integer(Int64(status.intakeBytes))),
                    .init("judgeBytes", .integer(Int64(status.judgeBytes))),
                ])
            ),
            .init("residentBytes", .integer(Int64(processResources().residentBytes))),
            .init("listeners", .array((listeners.status + follower.status).map(\.json))),
        ]
        if let failure = status.failure { members.append(.init("failure", .text(failure.description))) }
        return .object(members)
    }

    private func ingest(_ request: JSONValue) throws(WardlineError) -> JSONValue {
        var referenceTime: UTCTime?
        if let text = request["reference_time"]?.text {
            guard let time = UTCTime(rfc3339: text) else {
                throw WardlineError(.usage, "'\(text)' is no reference time; write 2026-01-31T12:00:00Z.")
            }
            referenceTime = time
        }
        let word = request["format"]?.text ?? ImportFormat.lines.rawValue
        guard let format = ImportFormat(rawValue: word) else {
            throw WardlineError(.usage, "'\(word)' is no format; write lines, document or journal-export.")
        }
        let importer = FileImport(
            engine: engine,
            storage: options.storage,
            storePath: options.storePath,
            clock: options.clock
        )
        // `path` names one file, `paths` the files of one import.
        var jobs: [ImportRequest] = []
        for path in try request["paths"] == nil ? [path(of: request)] : paths(of: request) {
            var job = ImportRequest(path: path, referenceTime: referenceTime)
            job.format = format
            job.recordSizeMaxBytes = options.configuration.limits.lineSizeMaxBytes
            jobs.append(job)
        }
        let reports = try importer.run(jobs).map(\.json)
        guard request["paths"] == nil, let report = reports.first else {
            return .object([.init("files", .array(reports))])
        }
        return report
    }

    private func importFile(_ request: JSONValue) throws(WardlineError) -> JSONValue {
        guard let role = request["role"]?.text else {
            throw WardlineError(.usage, "The request has no 'role', such as assets or zones.")
        }
        for batch in try content.importFile(role, try path(of: request)) {
            guard engine.intake.put(batch) else { throw WardlineError(.storage, "The store is closing.") }
        }
        siteChanged()
        return .object([.init("offset", .integer(Int64(try engine.settle().value)))])
    }

    private func act(_ request: JSONValue) throws(WardlineError) -> JSONValue {
        let batch = try ActRecord.batch(request["act"] ?? .null, at: options.clock.now())
        guard engine.intake.put(batch) else { throw WardlineError(.storage, "The store is closing.") }
        return .object([.init("offset", .integer(Int64(try engine.settle().value)))])
    }

    /// The daemon has another working folder than who asks: only absolute paths mean the same to both.
    private func path(of request: JSONValue) throws(WardlineError) -> String {
        guard let path = request["path"]?.text, path.hasPrefix("/") else {
            throw WardlineError(.usage, "The request needs an absolute 'path'.")
        }
        return path
    }

    private func paths(of request: JSONValue) throws(WardlineError) -> [String] {
        let paths = (request["paths"]?.elements ?? []).compactMap(\.text)
        guard !paths.isEmpty, paths.allSatisfy({ $0.hasPrefix("/") }) else {
            throw WardlineError(.usage, "The request needs absolute 'paths'.")
        }
        return paths
    }
}
