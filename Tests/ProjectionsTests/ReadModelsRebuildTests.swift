// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Testing
import Timelines

@testable import Projections

/// One record's worth of change, small enough that any cut of a list of them is a sequence of updates.
struct ProjectionStep {
    var incidents: [Incident] = []
    var removed: [String] = []
    var reviews: [Alert] = []
    var source: SourceCounters
    var device: DeviceCounters?
    var inventory: [DeviceDefinition]?
    var loss: LossRow?
    var totals: ProjectionTotals

    /// A random step at `offset`.
    static func random(_ offset: UInt64, _ generator: inout SeededGenerator) -> ProjectionStep {
        let host = "host-\(Int.random(in: 0..<4, using: &generator))"
        let when = time(Int64.random(in: 1_000..<9_000, using: &generator))
        var source = SourceCounters(name: host, listener: "l\(offset % 3)", peer: "10.0.0.\(offset % 5)")
        let issues = ParseIssues(
            rawValue: generator.next() & generator.next() & generator.next() & 0x3f_ffff_ffff
        )
        source.count(
            rawBytes: Int.random(in: 0..<300, using: &generator),
            issues: issues,
            received: time(Int64(offset))
        )
        if Bool.random(using: &generator) { source.count(event: when, decoder: "d\(offset % 2)") }
        if Int.random(in: 0..<5, using: &generator) == 0 { source.skew = Int64(offset) }
        var step = ProjectionStep(
            source: source,
            totals: ProjectionTotals(records: 1, undecoded: issues.contains(.undecoded) ? 1 : 0, rawBytes: 7)
        )
        var device = DeviceCounters(asset: "asset-\(Int.random(in: 0..<3, using: &generator))")
        device.count(event: when)
        if Int.random(in: 0..<3, using: &generator) == 0 {
            device.note(.init(text: "v\(offset)", time: when, offset: Offset(offset)))
        }
        step.device = device
        let id = "INC-\(Int.random(in: 0..<5, using: &generator))"
        switch Int.random(in: 0..<12, using: &generator) {
        case 0...3: step.incidents = [sampleIncident(id, at: Int64(offset), text: "at \(offset)")]
        case 4: step.removed = [id]
        case 5: step.reviews = [sampleAlert("R-\(offset % 3)", at: Int64(offset), isReview: true)]
        case 6: step.inventory = [DeviceDefinition(asset: "asset-\(offset % 4)", version: "\(offset)")]
        case 7:
            step.loss = LossRow(
                offset: Offset(offset),
                listener: "l1",
                count: 3,
                from: .absent,
                through: when,
                reason: "kernel"
            )
        default: break
        }
        return step
    }
}

extension ProjectionUpdate {
    /// The update of `steps`, which start at offset `base`.
    ///
    /// `loses` plants the mutant that counts only the last step.
    init(_ steps: ArraySlice<ProjectionStep>, losesCounts: Bool = false) {
        self.init(
            base: checkpoint(UInt64(steps.startIndex)),
            through: checkpoint(UInt64(steps.endIndex))
        )
        var changed: [String: Incident?] = [:]
        var reviewsByID: [String: Alert] = [:]
        var sourcesByName: [String: SourceCounters] = [:]
        var devicesByAsset: [String: DeviceCounters] = [:]
        for step in steps {
            for incident in step.incidents { changed[incident.id] = .some(incident) }
            for id in step.removed { changed[id] = .some(nil) }
            for review in step.reviews { reviewsByID[review.id] = review }
            if losesCounts || sourcesByName[step.source.name] == nil {
                sourcesByName[step.source.name] = step.source
            } else {
                sourcesByName[step.source.name]?.merge(step.source)
            }
            if let device = step.device {
                var sum = devicesByAsset[device.asset] ?? DeviceCounters(asset: device.asset)
                sum.merge(device)
                devicesByAsset[device.asset] = sum
            }
            inventory = step.inventory ?? inventory
            if let loss = step.loss { losses.append(loss) }
            totals.merge(step.totals)
        }
        incidents = changed.values.compactMap { $0 }
        removedIncidents = changed.filter { $0.value == nil }.map(\.key)
        reviews = Array(reviewsByID.values)
        sources = Array(sourcesByName.values)
        devices = Array(devicesByAsset.values)
    }
}

@Suite struct ReadModelsRebuildTests {
    private static let stepCount = 120

    private func steps(seed: UInt64) -> [ProjectionStep] {
        var generator = SeededGenerator(seed: seed)
        return (0..<UInt64(Self.stepCount)).map { ProjectionStep.random($0, &generator) }
    }

    /// Applies `steps` cut at random places, each of at most `longest` steps.
    private func apply(
        _ steps: [ProjectionStep],
        to models: ReadModels,
        cutBy seed: UInt64,
        longest: Int,
        losesCounts: Bool = false
    ) throws {
        var generator = SeededGenerator(seed: seed)
        var start = 0
        while start < steps.count {
            let end = min(steps.count, start + Int.random(in: 1...longest, using: &generator))
            try models.apply(ProjectionUpdate(steps[start..<end], losesCounts: losesCounts))
            start = end
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
    func `any cut of the same log gives the same dump`(seed: UInt64) throws {
        let steps = steps(seed: seed)
        let whole = try ReadModels()
        try whole.apply(ProjectionUpdate(steps[...]))
        let expected = try whole.orderedDump()
        #expect(expected.count > 50)
        for longest in [1, 7, 50] {
            let cut = try ReadModels()
            try apply(steps, to: cut, cutBy: seed &* 31 &+ UInt64(longest), longest: longest)
            #expect(try cut.orderedDump() == expected)
        }
    }

    @Test func `the comparison notices an update that loses counts`() throws {
        let steps = steps(seed: 1)
        let whole = try ReadModels()
        try whole.apply(ProjectionUpdate(steps[...]))
        let mutant = try ReadModels()
        try apply(steps, to: mutant, cutBy: 9, longest: 20, losesCounts: true)
        #expect(try mutant.orderedDump() != whole.orderedDump())
    }

    @Test func `a rebuild after any stop equals a run without stops`() throws {
        let directory = try TemporaryDirectory()
        let steps = steps(seed: 6)
        let whole = try ReadModels()
        try whole.apply(ProjectionUpdate(steps[...]))
        var generator = SeededGenerator(seed: 7)
        var done = 0
        while done < steps.count {
            let models = try ReadModels(path: directory.database, mode: .readWrite)
            // After a stop the writer goes on from the stored checkpoint, and may be told again what it has.
            done = Int(try models.checkpoint().records.value)
            let again = max(0, done - 5)
            if again < done { #expect(try models.apply(ProjectionUpdate(steps[again..<done])) == false) }
            let end = min(steps.count, done + Int.random(in: 1...30, using: &generator))
            try models.apply(ProjectionUpdate(steps[done..<end]))
            done = end
            if Bool.random(using: &generator) { try models.close() }
        }
        let models = try ReadModels(path: directory.database, mode: .readOnly)
        #expect(try models.orderedDump() == whole.orderedDump())
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `a judge that starts from zero again and cuts elsewhere ends with the same rows`(seed: UInt64) throws
    {
        let directory = try TemporaryDirectory()
        let steps = steps(seed: seed)
        let whole = try ReadModels()
        try whole.apply(ProjectionUpdate(steps[...]))
        let stop = 70
        var models = try ReadModels(path: directory.database, mode: .readWrite)
        try apply(Array(steps[..<stop]), to: models, cutBy: seed, longest: 9)
        let before = try models.orderedDump()
        try models.close()
        // The first restart dies while it catches up: nothing of it may show.
        models = try ReadModels(path: directory.database, mode: .readWrite)
        #expect(try models.apply(ProjectionUpdate(steps[0..<33])) == false)
        #expect(try models.orderedDump() == before)
        models = try ReadModels(path: directory.database, mode: .readWrite)
        let reader = try ReadModels(path: directory.database, mode: .readOnly)
        #expect(try models.apply(ProjectionUpdate(steps[0..<41])) == false)
        #expect(try reader.orderedDump() == before)
        #expect(try models.apply(ProjectionUpdate(steps[41..<90])))
        #expect(try models.apply(ProjectionUpdate(steps[90...])))
        #expect(try models.orderedDump() == whole.orderedDump())
        #expect(try reader.orderedDump() == whole.orderedDump())
    }
}
