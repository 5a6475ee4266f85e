// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// How serious a rule or an incident is (Sigma 2.1 `level`).
public enum Level: UInt8, Comparable, Codable, Sendable, CaseIterable {
    case informational = 0
    case low = 1
    case medium = 2
    case high = 3
    case critical = 4

    /// The name used in rules and output.
    public var name: String { "\(self)" }

    /// The level with that name.
    public init?(name: String) {
        guard let found = Level.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// Orders by seriousness.
    public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
}
