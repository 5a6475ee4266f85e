// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Projections

/// What came of a scenario, and how it differs from what was expected.
public struct ScenarioResult: Hashable, Sendable {
    /// Name of the scenario.
    public var name: String
    /// What was found, oldest first, with detail.
    public var incidents: [StoredIncident]
    /// Breaches of the expectation, one sentence each.
    public var differences: [String]
    /// Differences from the golden files, as a reviewer reads them.
    public var goldenDifferences: [String]
    /// Golden files that were written, because that was asked for.
    public var written: [String]

    /// Whether everything is as expected.
    public var isPassed: Bool { differences.isEmpty && goldenDifferences.isEmpty }

    /// `name: ok`, or the name and every difference on lines of their own.
    public var report: [String] {
        let lines = differences.map { "  " + $0 } + goldenDifferences.map { "  " + $0 }
        return ["\(name): \(isPassed ? "ok" : "differs")"] + lines
    }
}
