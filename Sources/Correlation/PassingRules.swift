// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What a ``RuleGate`` found last, with the memory that it works in.
struct PassingRules: Sendable {
    /// Rules that the event looked at last may match.
    private(set) var rules: RuleBits
    private var met: RuleBits
    /// Names of the fields of the batch looked at last, and the needs of each.
    private var names: [String] = []
    private var places: [Int16]
    /// Decoders of that batch, and the rules that each rules out.
    private var decoders: [String] = []
    private var foreign: [RuleBits?] = []

    init(_ gate: RuleGate) {
        rules = gate.none
        met = gate.none
        places = gate.places([])
    }

    /// Looks for the rules that event `index` of `batch` may match; false when there is none.
    mutating func find(_ gate: RuleGate, _ batch: EventBatch, _ index: Int) -> Bool {
        // Batches of one decoder share their names: this compares their place in memory.
        if names != batch.extensionNames {
            names = batch.extensionNames
            places = gate.places(names)
        }
        if decoders != batch.decoders {
            decoders = batch.decoders
            foreign = gate.foreign(decoders)
        }
        return gate.pass(batch, index, places, foreign, into: &rules, met: &met)
    }

    /// Numbers of the rules, rising.
    var numbers: [Int] {
        var found: [Int] = []
        rules.forEach { found.append($0) }
        return found
    }
}
