// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation
import Testing

/// Whole stories through the real engine: attacks open one incident, their harmless twins none.
@Suite struct StoryTests {
    private static let conformance =
        ProcessInfo.processInfo.environment["WARDLINE_CONFORMANCE"] ?? "../shared/conformance"
    private static let hasConformance = FileManager.default.fileExists(atPath: conformance + "/scenarios")

    private func check(_ arguments: [String]) throws -> (status: Int32, lines: [String]) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(BuiltCommand.path))
        process.arguments = ["replay", "check"] + arguments
        let out = Pipe()
        process.standardOutput = out
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text.split(separator: "\n").map(String.init))
    }

    @Test func `the shipped stories come out as their goldens say`() throws {
        let result = try check(["replay"])
        #expect(result.lines.filter { !$0.hasSuffix(": ok") } == [])
        #expect(result.lines.count >= 24)
        #expect(result.status == 0)
    }

    /// Needs the conformance folder; without it the test is reported as skipped.
    @Test(.enabled(if: hasConformance)) func `the scenarios of the conformance folder come out`() throws {
        let result = try check([Self.conformance + "/scenarios"])
        #expect(result.lines.filter { !$0.hasSuffix(": ok") } == [])
        #expect(result.lines.count == 18)
        #expect(result.status == 0)
    }

    /// A twin that would stay quiet anyway proves nothing: what its story says of the excuse must hold.
    @Test(arguments: [
        "archive-migration", "bedside-service", "emergency-access", "forgotten-password", "monthly-library",
        "noisy-sensor", "scanner-window", "supplier-window", "update-retried", "ward-relocation",
    ])
    func `a look-alike opens an incident once its excuse is taken away`(story: String) throws {
        let commands = try fences(of: story).filter { $0.contains("wardline replay check") }
        #expect(!commands.isEmpty)
        for command in commands {
            let text = try shell(command)
            #expect(text.contains("expected no incident, found 1"), "\(command)\n\(text)")
        }
    }

    /// An attack that opens an incident whatever is left out was found by accident.
    @Test(arguments: [
        "firmware-relay", "guest-shell", "lab-sweep", "other-package", "quiet-export", "stack-crash",
    ])
    func `an attack opens no incident without its key step`(story: String) throws {
        let commands = try fences(of: story).filter { $0.contains("wardline replay check") }
        #expect(!commands.isEmpty)
        for command in commands {
            let text = try shell(command)
            #expect(text.contains("expected an incident, found none"), "\(command)\n\(text)")
        }
    }

    @Test func `the reviews of a story are those of its file`() throws {
        let expected = try String(
            contentsOfFile: "replay/emergency-access/expected.reviews.jsonl",
            encoding: .utf8
        )
        #expect(expected.contains("break_glass_unpaired"))
        let command = """
            d=$(mktemp -d)
            wardline ingest -q --store "$d/store" --site replay/emergency-access/site \\
                replay/emergency-access/input.rec.jsonl > "$d/said"
            wardline query --store "$d/store" class:review -o jsonl
            """
        #expect(try shell(command) == expected)
    }

    @Test func `an alert of level medium that opens no incident is listed for review`() throws {
        let command = """
            d=$(mktemp -d)
            sed '/service mode/d; s/ by aerion.service//; /login accepted/d' \
                replay/bedside-service/input.log > "$d/input.log"
            wardline ingest -q --store "$d/store" --site replay/bedside-service/site "$d/input.log"
            wardline incidents --store "$d/store" -o jsonl 2> "$d/said"
            wardline query --store "$d/store" class:review -o jsonl
            """
        let text = try shell(command)
        #expect(text.split(separator: "\n").count == 1)
        #expect(text.contains("update_without_change") && text.contains("VT-052"))
    }

    /// The shell commands that a story's text shows.
    private func fences(of story: String) throws -> [String] {
        try String(contentsOfFile: "replay/\(story)/story.md", encoding: .utf8)
            .components(separatedBy: "```sh\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
    }

    /// What `command` prints, with `wardline` being the built one and temporary files in a folder of its own.
    private func shell(_ command: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/wardline-story-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder + "/bin", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let built = URL(fileURLWithPath: try #require(BuiltCommand.path)).standardizedFileURL.path
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/bin/wardline",
            withDestinationPath: built
        )
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = folder + "/bin:" + (environment["PATH"] ?? "/usr/bin:/bin")
        environment["TMPDIR"] = folder
        process.environment = environment
        let out = Pipe()
        process.standardOutput = out
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    /// The planted mutant: without rules no attack is found, and the check must say so.
    @Test func `without the pack the attacks differ`() throws {
        let empty = FileManager.default.temporaryDirectory.path + "/wardline-rules-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: empty) }
        try Data(
            "title: nothing\nlogsource: {category: none}\ndetection:\n  a: {action: none}\n  condition: a\n"
                .utf8
        )
        .write(to: URL(fileURLWithPath: empty + "/none.yml"))
        let result = try check(["replay/vendor-session", "--rules", empty])
        #expect(result.status == 1)
        #expect(result.lines.contains { $0.hasSuffix(": differs") })
    }
}
