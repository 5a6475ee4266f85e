// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import SimulationKit
import Testing

@testable import SegmentLog

@Suite struct CrashTests {
    /// Seeds per place to crash: all kept, all lost, and random subsets of sectors and names.
    static let seeds: [UInt64] = Array(0..<8)

    private func firstBreach(_ model: CrashModel, _ mutant: Mutant?, states: inout Int) throws -> String? {
        let recorder = RecordingStorage()
        try recordSession(recorder, mutant: mutant)
        let crashes = CrashStates(recorder.operations, model: model)
        for cut in 0..<crashes.cutCount {
            for seed in CrashTests.seeds {
                states += 1
                let state = crashes.state(cut: cut, seed: seed)
                if let breach = brokenPromise(state, mutant: mutant) {
                    return "cut \(cut) seed \(seed): \(breach)"
                }
            }
        }
        return nil
    }

    @Test(arguments: CrashModel.allCases)
    func `after a power loss at any place nothing acknowledged is lost or forged`(_ model: CrashModel) throws
    {
        var states = 0
        let breach = try firstBreach(model, nil, states: &states)
        #expect(breach == nil)
        #expect(states > 1_000)
    }

    @Test(arguments: Mutant.allCases)
    func `the same harness catches a planted defect`(_ mutant: Mutant) throws {
        var states = 0
        #expect(try firstBreach(.posix, mutant, states: &states) != nil)
    }
}
