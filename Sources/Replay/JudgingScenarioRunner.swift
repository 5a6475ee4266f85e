// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Pipeline
public import Projections

/// Judges scenarios in memory, by the judge that the engine uses.
///
/// Owners differ in where records and sets lie: a command imports into a temporary store, a test has both in
/// memory. So both come from closures, asked once for each scenario; what they make lives as long as one run.
public struct JudgingScenarioRunner: ScenarioRunner {
    /// Yields the records that importing a scenario's inputs under its site makes, from offset zero on.
    public typealias Records = (Scenario) throws(WardlineError) -> any RecordSource
    /// Makes a judge that has seen nothing and can read the sets that those records name.
    public typealias Judge = (Scenario) throws(WardlineError) -> any RecordJudge

    private let records: Records
    private let judge: Judge

    /// Makes a runner.
    ///
    /// `records` is asked before `judge`, so that the sets are there.
    public init(records: @escaping Records, judge: @escaping Judge) {
        self.records = records
        self.judge = judge
    }

    /// Judges all records of `scenario` and returns its incidents with detail, oldest first.
    public func incidents(of scenario: Scenario) throws(WardlineError) -> [StoredIncident] {
        var source = try records(scenario)
        var judge = try judge(scenario)
        return try Rejudgement.readModels(of: &source, by: &judge).incidents()
    }
}
