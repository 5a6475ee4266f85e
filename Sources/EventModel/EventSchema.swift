// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Versions of what the fields of events mean, and the way from each to the next.
///
/// A field more, an action more or a further value is no new version: readers take what they know. A field
/// that is renamed, retyped or means something else is one. Stored events keep the version that they were
/// written in and are brought to ``version`` whenever they are read; nothing is rewritten for it. The header
/// of an event (times, class, action, outcome, severity, flags, issues, decoder) is the same in all versions:
/// what it means never changes, so that filters of headers made from any version hold.
///
/// - Source: `docs/decisions/0048-versions-of-the-event-schema.md`, `docs/events.md`.
public enum EventSchema {
    /// The version that decoders make and that everything above the log sees.
    public static let version = 2

    /// Pure functions from version n to n + 1, the first from version 1. None is ever removed.
    static let upcasters: [@Sendable (inout EventBatch) -> Void] = [MadeFields.withdraw]

    /// Brings events of an older version to ``version``.
    ///
    /// - Parameters:
    ///   - batch: Events of `version`, 1 to ``EventSchema/version``; left alone when they are of today's.
    ///   - version: The version in which they were stored.
    /// - Complexity: O(fields) for each version between.
    public static func upcast(_ batch: inout EventBatch, from version: Int) {
        precondition((1...EventSchema.version).contains(version), "newer events are refused by their reader")
        for upcaster in upcasters.dropFirst(version - 1) { upcaster(&batch) }
    }
}
