// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Platform
import SegmentLog
import Testing
import WireFormats

/// The service as its users start it, in a folder of its own.
final class RunningService {
    let folder: URL
    private let process: Process
    private let errors = Pipe()
    /// Addresses by name of listener.
    private(set) var addresses: [String: String] = [:]

    var storePath: String { folder.appendingPathComponent("store").path }

    /// Starts with a configuration file of that text; nil when it does not become ready.
    init?(_ configuration: String, in folder: URL) throws {
        self.folder = folder
        let file = folder.appendingPathComponent("wardline.yaml")
        try Data(configuration.utf8).write(to: file)
        process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltCommand.path ?? "/nonexistent")
        process.arguments = ["serve", "--config", file.path]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TZ": "UTC"]
        process.standardError = errors
        try process.run()
        var line = Data()
        while let byte = try errors.fileHandleForReading.read(upToCount: 1), !byte.isEmpty {
            line += byte
            guard byte == Data([0x0a]) else { continue }
            if line.starts(with: Data("ready ".utf8)) { break }
            line = Data()
        }
        guard line.starts(with: Data("ready ".utf8)) else { return nil }
        let status = try BuiltCommand.run(["status", "--store", storePath, "-o", "json"])
        for listener in try JSONValue(parsing: status.text)["listeners"]?.elements ?? [] {
            addresses[listener["name"]?.text ?? ""] = listener["address"]?.text
        }
    }

    /// As a power failure of the process: nothing is finished.
    func kill() {
        // Valid: a process that this one started and has not waited for.
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Stops in order.
    func stop() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "wl-\(UUID().uuidString.prefix(8))"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

/// Runs a program of the system; nil when it is not installed.
func runTool(
    _ name: String,
    _ arguments: [String],
    input: Data = Data()
) throws -> (status: Int32, text: String)? {
    let places = ["/usr/bin/", "/bin/"]
    guard let path = places.map({ $0 + name }).first(where: FileManager.default.isExecutableFile) else {
        return nil
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let (into, out) = (Pipe(), Pipe())
    process.standardInput = into
    process.standardOutput = out
    process.standardError = out
    try process.run()
    try into.fileHandleForWriting.write(contentsOf: input)
    try into.fileHandleForWriting.close()
    let text = String(decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
}

/// Texts of the records of a kind of a store.
func storedTexts(_ path: String, kind: RecordKind = .device) throws -> [String] {
    let reader = try LogReader.open(storage: POSIXStorage(), path: path, stream: "records")
    var found: [String] = []
    for part in reader.parts {
        let batch = try reader.records(part)
        for (index, row) in batch.rows.enumerated() where row.kind == kind {
            found.append(String(decoding: batch.payload(index), as: UTF8.self))
        }
    }
    return found
}

/// Programs that people send logs with, as they are installed; `make test` installs them.
@Suite(.serialized, .enabled(if: BuiltCommand.path != nil, "the command was not built"))
struct SenderTests {
    private let folder: URL

    init() throws { folder = try RunningService.folder() }

    static func has(_ name: String) -> Bool {
        ["/usr/bin/", "/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
    }

    /// Starts a service with one listener, lets `send` have its address, and gives back what is in the log
    /// then.
    private func receive(_ listener: String, _ send: (String) throws -> Void) throws -> [String] {
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = "data: store\nlisten:\n  - { name: it, \(listener) }\n"
        let service = try #require(try RunningService(configuration, in: folder))
        try send(service.addresses["it"] ?? "")
        #expect(service.stop() == 0)
        return try storedTexts(service.storePath)
    }

    @Test(.enabled(if: has("curl"), "curl is not installed (.ci/install)"))
    func `curl sends plain, packed and large bodies`() throws {
        let type = ["-H", "Content-Type: application/x-ndjson"]
        let stored = try receive("protocol: jsonl, transport: http, bind: '127.0.0.1:0'") { address in
            let url = "http://\(address)/ingest"
            let body = Data("{\"by\":\"curl\"}\n".utf8)
            let plain = try runTool("curl", ["-sS", "--data-binary", "@-"] + type + [url], input: body)
            #expect(plain?.text == "{\"accepted\":1}\n")
            let file = folder.appendingPathComponent("body")
            try Data("{\"by\":\"gzip\"}\n".utf8).write(to: file)
            let packed = try runTool("gzip", [file.path])
            #expect(packed?.status == 0)
            let coding = ["-H", "Content-Encoding: gzip", "--data-binary", "@\(file.path).gz"]
            let short = try runTool("curl", ["-sS"] + coding + type + [url])
            #expect(short?.text == "{\"accepted\":1}\n")
            // Large enough that curl asks first.
            let line = "{\"pad\":\"\(String(repeating: "x", count: 90))\"}\n"
            let large = Data(String(repeating: line, count: 20_000).utf8)
            let long = try runTool("curl", ["-sS", "--data-binary", "@-"] + type + [url], input: large)
            #expect(long?.text == "{\"accepted\":20000}\n")
        }
        #expect(Array(stored.prefix(2)) == ["{\"by\":\"curl\"}", "{\"by\":\"gzip\"}"])
        #expect(stored.count == 20_002)
    }

    @Test(.enabled(if: has("logger"), "logger is not installed (.ci/install)"))
    func `logger writes to the socket, and its path goes with the service`() throws {
        let path = folder.appendingPathComponent("log").path
        let stored = try receive("protocol: syslog, transport: unix, path: log") { address in
            #expect(address == path)
            let sent = try runTool("logger", ["--socket", path, "-t", "gated", "by logger"])
            #expect(sent?.status == 0)
        }
        #expect(stored.count == 1 && stored[0].hasSuffix("gated: by logger"))
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(.enabled(if: has("nc"), "netcat is not installed (.ci/install)"))
    func `netcat sends GELF over a connection`() throws {
        let message = "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"by netcat\"}"
        let stored = try receive("protocol: gelf, transport: tcp, bind: '127.0.0.1:0'") { address in
            let place = address.split(separator: ":").map(String.init)
            let data = Data((message + "\0").utf8)
            let sent = try runTool("nc", ["-N", place[0], place[1]], input: data)
            #expect(sent?.status == 0)
        }
        #expect(stored == [message])
    }

    @Test(.enabled(if: has("python3"), "Python is not installed (.ci/install)"))
    func `Python sends GELF packed and in chunks, last first`() throws {
        let script = """
            import json, socket, sys, zlib
            host, port = sys.argv[1].split(":")
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            text = json.dumps({"version": "1.1", "host": "h", "short_message": "by Python " + "y" * 3000})
            data = zlib.compress(text.encode())
            size = 20
            count = -(-len(data) // size)
            for number in reversed(range(count)):
                head = bytes([0x1e, 0x0f]) + b"12345678" + bytes([number, count])
                out.sendto(head + data[number * size:(number + 1) * size], (host, int(port)))
            print(text, end="")
            """
        var sent = ""
        let stored = try receive("protocol: gelf, transport: udp, bind: '127.0.0.1:0'") { address in
            let result = try runTool("python3", ["-c", script, address])
            #expect(result?.status == 0)
            sent = result?.text ?? ""
        }
        #expect(sent.utf8.count > 3_000 && stored == [sent])
    }

    @Test func `the journal comes by standard input and is decoded`()
        throws
    {
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = folder.appendingPathComponent("store").path
        let entry = "__REALTIME_TIMESTAMP=1791172800123456\n_HOSTNAME=ward-7\nSYSLOG_IDENTIFIER=sshd\n"
        let first = entry + "MESSAGE=Failed password for ada from 10.1.1.1 port 9 ssh2\n\n"
        let second = entry + "MESSAGE\n\u{3}\0\0\0\0\0\0\0a\nb\n\n"
        let command = ["ingest", "--store", store, "--format", "journal-export", "-"]
        let result = try BuiltCommand.run(command, input: first + second)
        #expect(result.status == 0, "\(result.errors)")
        let found = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl"])
        let events = try found.lines.map { try JSONValue(parsing: $0) }
        #expect(events.map { $0["host.name"]?.text } == ["ward-7", "ward-7"])
        #expect(events.first?["class"]?.text == "access" && events.first?["user.name"]?.text == "ada")
        #expect(events.last?["message"]?.text == "a\nb")
        let again = try BuiltCommand.run(command, input: first + second)
        #expect(again.text.contains("already in the store"))
    }

    /// Written, renamed, copied, cut off and compressed by a program that knows nothing of us, while the
    /// service is killed again and again.
    @Test(arguments: [UInt64(1), 2])
    func `a followed file loses no line and doubles none over kills and rotations`(seed: UInt64) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let configuration = "data: store\nlisten: []\nfollow:\n  - { name: app, path: \"logs/app.log*\" }\n"
        let logs = folder.appendingPathComponent("logs")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        var random = SplitMix(state: seed)
        var written = 0
        for round in 0..<5 {
            let service = try #require(try RunningService(configuration, in: folder))
            for _ in 0..<Int(random.next() % 40 + 10) {
                try write(&written, count: Int(random.next() % 200), to: logs)
                if random.next() % 12 == 0 { try rotate(logs, random.next() % 3) }
                usleep(UInt32(random.next() % 20_000))
            }
            service.kill()
            // While nobody looks.
            try write(&written, count: 50, to: logs)
            if round % 2 == 0 { try rotate(logs, random.next() % 3) }
            try write(&written, count: 50, to: logs)
        }
        let last = try #require(try RunningService(configuration, in: folder))
        // Compressed files are taken when they have been quiet for two seconds.
        for _ in 0..<300 where try storedTexts(last.storePath).count < written { usleep(100_000) }
        #expect(last.stop() == 0)
        let stored = try storedTexts(last.storePath)
        let counted = Dictionary(grouping: stored, by: { $0 }).mapValues(\.count)
        let lost = (0..<written).filter { counted["line \($0) of the log"] == nil }
        let doubled = counted.filter { $0.value > 1 }.keys.sorted()
        #expect(lost.isEmpty, "seed \(seed): \(lost.count) of \(written) lost: \(lost.prefix(5))")
        #expect(doubled.isEmpty, "seed \(seed): \(doubled.count) doubled: \(doubled.prefix(5))")
        #expect(stored.count == written)
    }

    private func write(_ written: inout Int, count: Int, to logs: URL) throws {
        let path = logs.appendingPathComponent("app.log").path
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        var text = ""
        for number in written..<written + count { text += "line \(number) of the log\n" }
        // A line may come in two pieces.
        let bytes = Data(text.utf8)
        let middle = bytes.count / 2 + 3
        try file.write(contentsOf: bytes.prefix(middle))
        try file.write(contentsOf: bytes.dropFirst(middle))
        try file.close()
        written += count
    }

    /// Moves the numbered files up, then makes `app.log.1`: by renaming, by copying and cutting off, or
    /// compressed.
    private func rotate(_ logs: URL, _ way: UInt64) throws {
        let files = FileManager.default
        let path = logs.appendingPathComponent("app.log").path
        guard files.fileExists(atPath: path) else { return }
        for number in stride(from: 60, to: 0, by: -1) {
            for ending in ["", ".gz"] where files.fileExists(atPath: "\(path).\(number)\(ending)") {
                try files.moveItem(
                    atPath: "\(path).\(number)\(ending)",
                    toPath: "\(path).\(number + 1)\(ending)"
                )
            }
        }
        switch way {
        case 0: try files.moveItem(atPath: path, toPath: path + ".1")
        case 1:
            try files.copyItem(atPath: path, toPath: path + ".1")
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 0)
            try file.close()
        default:
            try files.moveItem(atPath: path, toPath: path + ".1")
            if files.fileExists(atPath: path + ".2") { _ = try runTool("gzip", [path + ".2"]) }
        }
    }
}

/// A seeded generator, so that a run is named by its seed.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
