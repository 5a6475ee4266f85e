// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation

/// Runs the command that was built beside the tests.
struct BuiltCommand {
    /// What a run gave.
    struct Result {
        var status: Int32
        var output: [UInt8]
        var errors: String

        var text: String { String(decoding: output, as: UTF8.self) }
        var lines: [String] { text.split(separator: "\n").map(String.init) }
    }

    /// Path of the command; nil when it was not built (a test run of single targets).
    static let path: String? = {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = [own, URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()]
        return beside.map { $0.appendingPathComponent("wardline").path }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
    }()

    /// Runs with these arguments, an environment without the user's settings, and this standard input.
    static func run(
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> Result {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path ?? "/nonexistent")
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TZ": "UTC"].merging(
            environment
        ) { $1 }
        let out = Pipe()
        let err = Pipe()
        let into = Pipe()
        process.standardOutput = out
        process.standardError = err
        process.standardInput = into
        try process.run()
        try into.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try into.fileHandleForWriting.close()
        let output = try out.fileHandleForReading.readToEnd() ?? Data()
        let errors = try err.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: Array(output),
            errors: String(decoding: errors, as: UTF8.self)
        )
    }
}
