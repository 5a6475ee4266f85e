// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

/// Lines of standard input, as `decode` reads them.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct LineReaderTests {
    /// Words of lengths that put line ends at every place of a word of eight bytes, and around the 65,536
    /// bytes that are read at once; bytes beside LF stand next to it.
    private static let lines: [String] = {
        var lines = (1...40).map { String(repeating: "\u{b}\u{9}x", count: $0) + "y" }
        for length in 65_520...65_540 { lines.append("z" + String(repeating: "w", count: length - 1)) }
        return lines + ["the last one has no end"]
    }()

    @Test func `each line comes whole and once, wherever its end lies`() throws {
        let result = try BuiltCommand.run(
            ["decode", "-", "-o", "jsonl"],
            input: Self.lines.joined(separator: "\n")
        )
        #expect(result.status == 0, "\(result.errors)")
        let found = try result.lines.map { try JSONValue(parsing: $0)["message"]?.text ?? "" }
        #expect(found.count == Self.lines.count)
        #expect(found.map(\.utf8.count) == Self.lines.map(\.utf8.count))
        #expect(found == Self.lines)
    }
}
