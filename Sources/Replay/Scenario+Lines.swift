// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Ingest
import WireFormats

extension Scenario {
    /// The lines of all inputs, ready to be sent.
    ///
    /// Lines of `*.rec.jsonl` carry the receive time that they claim; lines of other files have none and
    /// follow one another without pauses. Where every line has a time, lines of several files are merged by
    /// it. Empty lines are no records.
    ///
    /// - Parameter files: Where the inputs lie.
    /// - Returns: The lines in the order in which to send them.
    /// - Throws: `input` where a file is missing, packed, or not what its name says.
    public func lines(files: some ScenarioFiles) throws(WardlineError) -> [ResendLine] {
        var lines: [ResendLine] = []
        for input in inputs {
            guard let bytes = try files.bytes(of: input) else {
                throw WardlineError(.input, "The input file is missing.", location: input)
            }
            guard !bytes.starts(with: [0x1F, 0x8B]) else {
                throw WardlineError(.input, "Unpack the input file before it is sent.", location: input)
            }
            for (index, text) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
                lines.append(
                    try Scenario.line(
                        Array(text),
                        hasClaims: input.hasSuffix(".rec.jsonl"),
                        "\(input):\(index + 1)"
                    )
                )
            }
        }
        guard inputs.count > 1, lines.allSatisfy({ $0.time.isPresent }) else { return lines }
        // Sorted with the place as second key: the order of equal times is that of the files.
        return lines.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    private static func line(
        _ text: [UInt8],
        hasClaims: Bool,
        _ location: String
    ) throws(WardlineError) -> ResendLine {
        guard hasClaims else {
            let hasReturn = text.last == UInt8(ascii: "\r")
            return ResendLine(bytes: hasReturn ? Array(text.dropLast()) : text, time: .absent)
        }
        guard let record = try? JSONValue(parsing: text.span), let line = record["line"]?.text else {
            throw WardlineError(
                .input,
                "The line is no record: write {\"line\": TEXT, \"received\": TIME}.",
                location: location
            )
        }
        let time = record["received"]?.text.flatMap { UTCTime(rfc3339: $0) }
        return ResendLine(bytes: Array(line.utf8), time: time ?? .absent)
    }
}
