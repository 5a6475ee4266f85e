// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Platform
import Testing

@testable import Replay

@Suite struct DiskScenarioFilesTests {
    @Test func `files are listed, read and replaced, and what is missing is nil`() throws {
        let folder = NSTemporaryDirectory() + "wardline-replay-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = DiskScenarioFiles(POSIXStorage())
        #expect(try files.names(in: folder) == [])
        #expect(try files.names(in: folder + "/none") == nil)
        #expect(try files.bytes(of: folder + "/a") == nil)
        try files.write([1, 2], to: folder + "/a")
        try files.write([3], to: folder + "/a")
        #expect(try files.bytes(of: folder + "/a") == [3])
        #expect(try files.names(in: folder) == ["a"])
        #expect(try files.names(in: folder + "/a") == nil)
        #expect(throws: WardlineError.self) { try files.write([1], to: folder + "/none/a") }
    }
}
