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
        #expect(result.lines.count >= 16)
        #expect(result.status == 0)
    }

    /// Needs the conformance folder; without it the test is reported as skipped.
    @Test(.enabled(if: hasConformance)) func `the scenarios of the conformance folder come out`() throws {
        let result = try check([Self.conformance + "/scenarios"])
        #expect(result.lines.filter { !$0.hasSuffix(": ok") } == [])
        #expect(result.lines.count == 18)
        #expect(result.status == 0)
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
