// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The body decoders written in Swift, tried before decoder files where their mark is seen.
struct StructuredBodies: Sendable {
    private var drafts = EventDrafts()
    private var audit: AuditDecoder

    init(siteKey: SiteKey) { audit = AuditDecoder(siteKey: siteKey) }

    /// What the last successful ``decode(_:_:)`` found.
    var found: EventDrafts { drafts }

    /// Decodes the body at `range`; the identifier of the decoder that took it, nil if none did.
    mutating func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        drafts.removeAll()
        return audit.decode(bytes, range, into: &drafts)
    }
}
