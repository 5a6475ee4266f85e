// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Where the parts of a store lie (DESIGN 3.2).
public struct StorePaths: Hashable, Sendable {
    /// Folder of the store.
    public let root: String

    /// Names the parts of the store at `root`.
    public init(_ root: String) { self.root = root }

    /// Held by the process that writes.
    public var lock: String { root + "/LOCK" }
    /// Bytes of site, rule and decoder files by their SHA-256.
    public var sets: String { root + "/sets" }
    /// Database of the read models.
    public var readModels: String { root + "/projections/wardline.sqlite" }
    /// Folder of the snapshots of judgement.
    public var snapshots: String { root + "/correlation" }
    /// Copy of the positions of followed files; made again from the log.
    public var followPositions: String { root + "/projections/follow.json" }
    /// Control socket of a running daemon.
    public var controlSocket: String { root + "/control.sock" }
    /// Secret from which tokens of patient identifiers are made.
    public var siteKey: String { root + "/site.key" }

    /// Folder of the keys that sign heads.
    public var keys: String { root + "/keys" }
    /// Secret that signs heads, base64; for its owner only.
    public var headSecret: String { keys + "/head.secret" }
    /// Public keys that heads are checked with, a line per stream.
    public var headPublic: String { keys + "/head.public" }

    /// File of a set with that SHA-256 in hexadecimal.
    public func set(_ sha256: String) -> String { sets + "/" + sha256 }
}
