// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A service session on a device, open between its start and its stop.
struct Bracket: Hashable, Codable, Sendable {
    /// How the service person works.
    enum Kind: String, Codable, Sendable {
        case remote
        case local
    }

    let kind: Kind
    let user: String
    let start: UTCTime
}
