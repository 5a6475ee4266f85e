// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// The text of a field on its way into an event: a part of the record, or of what was made of it, which each
/// call is given as `source`.
struct FieldText {
    let range: Range<Int>
    /// What takes a position in the record to its copy in the batch; nil for text that is not of the record.
    let shift: Int?

    /// Adds the field to the newest event: where the text is part of the record, the batch holds it already.
    func append(_ field: FieldID, _ source: Span<UInt8>, _ events: inout EventBatch) {
        append(field, source, range, &events)
    }

    /// Adds a part of the text.
    func append(
        _ field: FieldID,
        _ source: Span<UInt8>,
        _ part: Range<Int>,
        _ events: inout EventBatch
    ) {
        if let shift {
            events.add(field, at: part.lowerBound + shift, part.count)
        } else {
            events.add(field, source, part)
        }
    }

    /// A name without what encloses or ends it in sentences: `'root'`, `[m.weber]`, `k.roth:`, `by k.roth.`
    func nameRange(_ source: Span<UInt8>) -> Range<Int> {
        var name = range
        if name.count > 1 {
            switch source[name.upperBound - 1] {
            case 0x2e, 0x3a, 0x3b: name = name.dropLast()
            default: break
            }
        }
        guard let first = name.first, let last = name.last, last > first + 1 else { return name }
        let isEnclosed =
            switch (source[first], source[last]) {
            case (0x27, 0x27), (0x22, 0x22), (0x5b, 0x5d), (0x3c, 0x3e), (0x60, 0x27): true
            default: false
            }
        return isEnclosed ? first + 1..<last : name
    }

    /// Whether it is what Linux writes for no session: -1 as 32 bits without a sign.
    func isUnsetSession(_ source: Span<UInt8>) -> Bool {
        guard range.count == 10 else { return false }
        var value: UInt64 = 0
        for index in range {
            guard source[index].isDigit else { return false }
            value = value * 10 + UInt64(source[index] - 0x30)
        }
        return value == UInt64(UInt32.max)
    }

    /// The number of a KB article, with its `KB` where the text leaves it out.
    func putArticle(_ field: FieldID, _ source: Span<UInt8>, _ events: inout EventBatch) {
        for index in range where !source[index].isDigit { return append(field, source, &events) }
        let start = events.bytes.count
        events.bytes.append(0x4b)
        events.bytes.append(0x42)
        events.bytes.append(source, range)
        events.add(field, from: start)
    }

    /// An address, alone or with a port; a host name goes to the host field beside it.
    ///
    /// `::ffff:` is taken off, and the addresses that mean "none" (`::`, `0.0.0.0`) are left out for sources.
    func putAddress(
        _ field: FieldID,
        _ source: Span<UInt8>,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        let first = source[range.lowerBound]
        let inner = first == 0x5b ? range.lowerBound + 1..<range.upperBound : range
        var found: CaptureScan?
        var address: IPAddress?
        if let plain = CaptureScan.dotted(source, inner) {
            found = CaptureScan(value: inner.lowerBound..<plain.end, next: plain.end)
            address = IPAddress(v4: plain.address)
        } else {
            found = CaptureScan.scan(.ip6, source, inner)
        }
        guard let found else { return putHost(beside: field, source, &draft, &events) }
        var next = found.next
        if next < range.upperBound, source[next] == 0x5d { next += 1 }
        if next < range.upperBound {
            guard source[next] == 0x3a,
                let port = CaptureScan.scan(.u16, source, next + 1..<range.upperBound),
                port.next == range.upperBound
            else { return putHost(beside: field, source, &draft, &events) }
            let portField = FieldID(rawValue: field.rawValue + 1)
            if field != .hostIP, draft.take(portField) { append(portField, source, port.value, &events) }
        }
        guard let address = address ?? IPAddress(source, found.value) else { return false }
        let isNone = address.low == 0 && address.high == 0 || address.v4 == 0
        guard !(isNone && field == .sourceIP), draft.take(field) else { return false }
        append(field, source, found.value, &events)
        return true
    }

    /// An address where a host name is asked for is the address: `rhost=10.0.0.9`. Where another address
    /// stands already, the text stays a host: the name that a request asked for.
    func putAddress(
        beside field: FieldID,
        _ source: Span<UInt8>,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        let address: FieldID = field == .sourceHost ? .sourceIP : .targetIP
        guard draft.has(address) else { return putAddress(address, source, &draft, &events) }
        guard let last = events.events.last, let own = IPAddress(source, range) else { return false }
        for entry in events.entries[Int(last.fieldStart)...] where entry.field == address {
            if IPAddress(events.bytes.span, entry.range) == own { return false }
        }
        guard draft.take(field) else { return false }
        append(field, source, &events)
        return true
    }

    private func putHost(
        beside field: FieldID,
        _ source: Span<UInt8>,
        _ draft: inout EventFiller,
        _ events: inout EventBatch
    ) -> Bool {
        let host: FieldID = field == .sourceIP ? .sourceHost : .targetHost
        guard field != .hostIP, let found = CaptureScan.scan(.host, source, range),
            found.next == range.upperBound,
            range.count > 1, draft.take(host)
        else { return false }
        append(host, source, &events)
        return true
    }
}
