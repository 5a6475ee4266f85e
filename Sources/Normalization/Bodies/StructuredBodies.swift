// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// The body decoders written in Swift, tried before decoder files where their mark is seen.
struct StructuredBodies: Sendable {
    /// What the last decoder found.
    var found = EventDrafts()
    private var audit: AuditDecoder
    private var scans = ScanReport()

    init(siteKey: SiteKey) { audit = AuditDecoder(siteKey: siteKey) }

    /// Decodes the body at `range`; the identifier of the decoder that took it, nil if none did.
    mutating func decode(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String? {
        found.removeAll()
        if let id = audit.decode(bytes, range, into: &found) { return id }
        return scans.decode(bytes, range, into: &found)
    }
}
