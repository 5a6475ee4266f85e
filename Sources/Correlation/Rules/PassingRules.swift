// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What a ``RuleGate`` found last, with the memory that it works in.
struct PassingRules: Sendable {
    /// Rules that the event looked at last may match.
    private(set) var rules: RuleBits
    private var met: RuleBits
    /// Names of the batch looked at last: the array itself, so that comparing the next batch with it mostly
    /// compares one address.
    private var newest: [String] = []
    /// Names of fields, and the needs of each.
    private var names: [String] = []
    private var places: [Int16]
    /// What is known of each decoder, as far as events of it came.
    private var sources: [String: Source] = [:]
    /// The same by the numbers of the decoders of the batch looked at last.
    private var sourcesByNumber: [Source?] = []
    /// Those decoders: the array itself, as for `newest`.
    private var newestDecoders: [String] = []

    /// What a decoder means to the rules.
    private struct Source: Sendable {
        /// Rules that it rules out.
        var foreign: RuleBits?
        /// Rules of the product whose lines it reads, that ask for no field.
        var own: RuleBits?
    }

    init(_ gate: RuleGate) {
        rules = gate.none
        met = gate.none
        places = gate.places([])
    }

    /// Looks for the rules that event `index` of `batch` may match; false when there is none.
    ///
    /// - Parameter possible: Rules that can match at all; nil for any.
    mutating func find(
        _ gate: RuleGate,
        _ batch: EventBatch,
        _ index: Int,
        among possible: RuleBits? = nil
    ) -> Bool {
        if newest != batch.extensionNames, !names.starts(with: batch.extensionNames) {
            // Fields of one decoding only ever become more.
            names = batch.extensionNames
            places = gate.places(names)
        }
        newest = batch.extensionNames
        guard gate.passHeader(batch.events[index], into: &rules) else { return false }
        if let possible {
            rules.formIntersection(possible)
            guard !rules.isEmpty else { return false }
        }
        guard gate.asksDecoder else {
            return gate.passNeeds(batch, index, places, own: nil, into: &rules, met: &met)
        }
        let source = source(gate, batch, index)
        if let foreign = source.foreign {
            rules.subtract(foreign)
            guard !rules.isEmpty else { return false }
        }
        return gate.passNeeds(batch, index, places, own: source.own, into: &rules, met: &met)
    }

    private mutating func source(_ gate: RuleGate, _ batch: EventBatch, _ index: Int) -> Source {
        if newestDecoders != batch.decoders { sourcesByNumber = batch.decoders.map { _ in nil } }
        newestDecoders = batch.decoders
        let number = Int(batch.events[index].decoder)
        if let known = sourcesByNumber[number] { return known }
        let decoder = batch.decoders[number]
        let found =
            sources[decoder] ?? Source(foreign: gate.foreign(to: decoder), own: gate.own(of: decoder))
        sources[decoder] = found
        sourcesByNumber[number] = found
        return found
    }

    /// Numbers of the rules, rising.
    var numbers: [Int] {
        var found: [Int] = []
        rules.forEach { found.append($0) }
        return found
    }
}
