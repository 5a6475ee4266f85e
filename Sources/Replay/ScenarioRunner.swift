// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// Judges the inputs of a scenario in a fresh place, through the pipeline that serves everything else.
public protocol ScenarioRunner {
    /// Incidents with detail, oldest first.
    func incidents(of scenario: Scenario) throws(WardlineError) -> [StoredIncident]
}

extension ScenarioCheck {
    /// Runs the story in `folder` and compares what came of it.
    ///
    /// - Parameters:
    ///   - folder: The story's folder.
    ///   - files: Where it lies.
    ///   - runner: Judges the inputs.
    ///   - isUpdating: Writes the goldens instead of comparing with them.
    /// - Returns: The differences.
    /// - Throws: `input` where the story is not readable; what `files` and `runner` throw.
    public func run(
        folder: String,
        files: some ScenarioFiles,
        runner: some ScenarioRunner,
        isUpdating: Bool = false
    ) throws(WardlineError) -> ScenarioResult {
        let scenario = try Scenario(folder: folder, files: files)
        return try run(scenario, files: files, runner: runner, isUpdating: isUpdating)
    }

    /// Runs a scenario that was read before.
    ///
    /// - Parameters:
    ///   - scenario: What to run.
    ///   - files: Where its goldens lie.
    ///   - runner: Judges the inputs.
    ///   - isUpdating: Writes the goldens instead of comparing with them.
    /// - Returns: The differences.
    /// - Throws: What `files` and `runner` throw.
    public func run(
        _ scenario: Scenario,
        files: some ScenarioFiles,
        runner: some ScenarioRunner,
        isUpdating: Bool = false
    ) throws(WardlineError) -> ScenarioResult {
        let incidents = try runner.incidents(of: scenario)
        return try result(of: scenario, incidents: incidents, files: files, isUpdating: isUpdating)
    }
}
