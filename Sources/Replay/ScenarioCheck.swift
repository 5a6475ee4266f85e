// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// Compares what came of a scenario with what was expected of it, and writes goldens when asked.
///
/// Judging is the caller's (``ScenarioRunner``): one code path serves the daemon, imports and checks. So is
/// the timeline's text: the golden shows what people see.
public struct ScenarioCheck {
    /// Prints one incident's timeline as people see it, in UTC, 80 columns, without colour.
    public typealias TimelineText = (StoredIncident) -> [String]

    private let timelineText: TimelineText

    /// Makes a check that renders timelines with `timelineText`.
    public init(timelineText: @escaping TimelineText) {
        self.timelineText = timelineText
    }

    /// Compares `incidents` with the expectation and goldens of `scenario`.
    ///
    /// - Parameters:
    ///   - scenario: What was expected.
    ///   - incidents: What was found, with detail.
    ///   - files: Where the goldens lie.
    ///   - isUpdating: Writes the goldens from `incidents` instead of comparing with them; the expectation is
    ///     compared all the same, because no update may turn a missed attack into the new normal.
    /// - Returns: The differences.
    /// - Throws: What `files` throws.
    public func result(
        of scenario: Scenario,
        incidents: [StoredIncident],
        files: some ScenarioFiles,
        isUpdating: Bool = false
    ) throws(WardlineError) -> ScenarioResult {
        var result = ScenarioResult(
            name: scenario.name,
            incidents: incidents,
            differences: scenario.expectation?.differences(from: incidents) ?? [],
            goldenDifferences: [],
            written: []
        )
        let timelines = Array(incidents.map(timelineText).joined(separator: [""]))
        let goldens = [
            (scenario.timelineGolden, timelines), (scenario.incidentsGolden, incidents.map(\.json)),
        ]
        for case (let path?, let lines) in goldens {
            let text = Array(lines.map { $0 + "\n" }.joined().utf8)
            if isUpdating {
                guard try files.bytes(of: path) != text else { continue }
                try files.write(text, to: path)
                result.written.append(path)
            } else if let golden = try files.bytes(of: path), golden != text {
                let comparison = LineComparison(expected: ScenarioCheck.lines(golden), found: lines)
                result.goldenDifferences.append(path + " differs (- expected, + found):")
                result.goldenDifferences +=
                    comparison.isEqual
                    ? ["only in how the last line ends"] : comparison.report()
            }
        }
        return result
    }

    /// Lines of a golden file without the end of the last one.
    private static func lines(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
