// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Fields under `ext.` that Wardline makes and no device may claim: rules, losses and citations trust them.
///
/// From version 2 of the event schema on. In version 1 a body with such a key filled the field itself.
public enum MadeFields {
    /// Keys of bodies, without `ext.`, whose values would pass for what Wardline made.
    ///
    /// `source.kind` is what a decoder says of its product, `records` the offsets of what was joined,
    /// `sequence` a number from the header whose gaps are losses.
    public static let names = ["source.kind", "records", "sequence"]

    /// What stands before such a key in the name of the field that a device filled.
    public static let claimPrefix = "ext.claimed."

    /// Decoders of lines that no decoder file knows begin so; they never say what kind a source is.
    private static let genericPrefix = "generic."

    /// From version 1 to 2: what a body had claimed is told apart where that can be seen.
    ///
    /// A patient token that is none is left out, since it is clear text; it stays in the record. A kind of
    /// source that no decoder said, and what is no list of earlier records, get the name of a claim. The
    /// number of a header and that of a body look alike and stay.
    static func withdraw(_ batch: inout EventBatch) {
        let records = batch.field(named: "ext.records")
        let mayClaim = batch.entries.contains {
            $0.field == .patientToken || $0.field == .sourceKind || $0.field == records
        }
        guard mayClaim else { return }
        let isGeneric = batch.decoders.map { $0.hasPrefix(genericPrefix) }
        var entries: [EventBatch.Entry] = []
        entries.reserveCapacity(batch.entries.count)
        for index in batch.events.indices {
            let start = entries.count
            let event = batch.events[index]
            var hasKind = isGeneric[Int(event.decoder)]
            for entry in batch.fields(of: index) {
                var entry = entry
                if entry.field == .patientToken {
                    guard isToken(batch.bytes[entry.range]) else { continue }
                } else if entry.field == .sourceKind {
                    if hasKind { entry.field = claim("source.kind", &batch) }
                    hasKind = true
                } else if entry.field == records, !cites(event.offset, batch.bytes[entry.range]) {
                    entry.field = claim("records", &batch)
                }
                entries.append(entry)
            }
            batch.events[index].fieldStart = UInt32(start)
            batch.events[index].fieldCount = UInt16(entries.count - start)
        }
        batch.entries = entries
    }

    private static func claim(_ name: String, _ batch: inout EventBatch) -> FieldID {
        let name = claimPrefix + name
        if let known = batch.field(named: name) { return known }
        batch.extensionNames.append(name)
        return FieldID(rawValue: FieldID.firstExtension + UInt16(batch.extensionNames.count - 1))
    }

    /// Whether the text has the form of a token: 32 digits of lower-case hexadecimal.
    private static func isToken(_ text: ArraySlice<UInt8>) -> Bool {
        text.count == 32 && text.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Whether the text is a list of offsets of records up to `offset`, as every citation is.
    private static func cites(_ offset: Offset, _ text: ArraySlice<UInt8>) -> Bool {
        text.split(separator: 0x20, omittingEmptySubsequences: false).allSatisfy { word in
            guard let cited = UInt64(String(decoding: word, as: UTF8.self)) else { return false }
            return cited <= offset.value
        }
    }
}
