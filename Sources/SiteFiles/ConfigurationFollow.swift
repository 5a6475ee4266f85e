// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Files that are read while others write them.
public struct FollowDefinition: Hashable, Sendable {
    /// Where reading begins in a file that is met for the first time.
    public enum Start: String, Hashable, Sendable, CaseIterable {
        /// At its beginning: nothing is left out.
        case beginning
        /// At its end, for what is there when the service starts for the first time; files that come later
        /// are read from their beginning.
        case end
    }

    /// Name in records, facts and status; unique in a process.
    public var name: String
    /// Path, or a pattern with `*`, `?` and `[...]`.
    public var path: String
    /// What a line holds.
    public var wireProtocol = ListenerDefinition.WireProtocol.syslog
    /// Where reading begins.
    public var start = Start.beginning

    /// Makes a definition.
    public init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}
