// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation
import Testing

/// Real senders on loopback; see `Tests/senders/senders.py`.
@Suite struct SendersTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func tell(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    @Test func `every line of rsyslog, syslog-ng, logger, netcat and openssl is in the store`() throws {
        guard let command = BuiltCommand.path else {
            SendersTests.tell("absent senders: the command was not built")
            return
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", SendersTests.root.appending(path: "Tests/senders/senders.py").path, command,
            SendersTests.root.appending(path: ".build/senders").path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        guard (try? process.run()) != nil else {
            SendersTests.tell("absent senders: python3 is not installed")
            return
        }
        let said = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        // Which senders were there is part of the result.
        SendersTests.tell(said)
        #expect(process.terminationStatus == 0, "\(said)")
        #expect(!said.contains("FAIL"))
    }
}
