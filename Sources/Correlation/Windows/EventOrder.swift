// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// How sure the order of a verdict's events is.
public enum EventOrder: UInt8, Hashable, Codable, Sendable, CaseIterable {
    /// Another order is not possible.
    case certain = 1
    /// Stamps are equal, or so near that the clocks may be wrong by more.
    case possible = 2

    /// The name used in output.
    public var name: String { "\(self)" }
}

extension EventOrder {
    /// The order of neighbours in `chain`.
    ///
    /// Events of one reporter carry one clock, so different stamps are enough there; the uncertainty of a
    /// clock is common to them. Between reporters the bands must not touch.
    init(of chain: [Candidate]) {
        self = .certain
        for (left, right) in zip(chain, chain.dropFirst()) {
            let isApart =
                left.reporter == right.reporter
                ? left.event.time < right.event.time
                : left.event.time.advanced(by: left.event.uncertainty)
                    < right.event.time.advanced(by: -right.event.uncertainty)
            if !isApart { self = .possible }
        }
    }
}
