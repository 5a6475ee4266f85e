// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform
public import Projections

/// Judges a scenario as `ingest` would: the engine that serves all imports its inputs into a fresh store.
public struct ImportingScenarioRunner: ScenarioRunner {
    /// Gives an empty folder for one run; the caller removes it.
    public typealias Place = (Scenario) throws(WardlineError) -> String

    private let place: Place
    private let content: ReplayContent
    private let storage: any LogStorage

    /// Makes a runner.
    public init(
        content: ReplayContent,
        storage: any LogStorage = POSIXStorage(),
        place: @escaping Place
    ) {
        self.content = content
        self.storage = storage
        self.place = place
    }

    /// Imports the inputs of `scenario` in the order of their names and returns its incidents with detail.
    public func incidents(of scenario: Scenario) throws(WardlineError) -> [StoredIncident] {
        let path = try place(scenario)
        let store = try ReplayStore(path: path, content: content, site: scenario.site, storage: storage)
        let reference = scenario.expectation?.referenceTime ?? .absent
        do {
            try store.importFiles(scenario.inputs, referenceTime: reference.isPresent ? reference : nil)
        } catch {
            // The first error is the one to report; closing is only tidying then.
            try? store.close()
            throw error
        }
        try store.close()
        return try store.models.incidents()
    }
}
