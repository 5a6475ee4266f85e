// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// What sets the pairs of the Linux audit log apart.
///
/// After `msg=audit(...)` a second `msg='...'` holds pairs of its own, and a value that could be forged
/// stands in hexadecimal digits, without quotes.
///
/// Source: audit-userspace, `lib/audit_logging.c`.
struct AuditPairs {
    private var isAudit = false
    private var isOpen = false
    /// Where the quote lies that ends the inner pairs, as far as it has been looked for.
    private var quote = -1

    private static let mark = Array("audit(".utf8)

    private static let keyNames = [
        "acct", "proctitle", "comm", "exe", "cmd", "name", "cwd", "grp", "path", "data", "unit", "sw", "vm",
    ].map { Array($0.utf8) }

    /// Notes whether the pair is the stamp of an audit record.
    mutating func note(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) {
        guard !isAudit, value.count > 6, bytes[value.lowerBound] == 0x61 else { return }
        isAudit = AuditPairs.begins(bytes, value, AuditPairs.mark)
    }

    private static func begins(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: [UInt8]) -> Bool {
        guard range.count >= text.count else { return false }
        for lane in text.indices where bytes[range.lowerBound + lane] != text[lane] { return false }
        return true
    }

    /// Most words before the first pair of an inner message: `changing system time exe=...`.
    private static let leadingWordCountMax = 8

    /// Steps into `'key=value ...'`, which words may stand before.
    mutating func opens(_ bytes: Span<UInt8>, _ range: Range<Int>, _ index: inout Int) -> Bool {
        guard isAudit, !isOpen, index < range.upperBound, bytes[index] == 0x27 else { return false }
        var next = index + 1
        for _ in 0..<AuditPairs.leadingWordCountMax {
            while next < range.upperBound, bytes[next].isBlank { next += 1 }
            let start = next
            while next < range.upperBound, !bytes[next].isBlank, bytes[next] != 0x3d, bytes[next] != 0x27 {
                next += 1
            }
            guard next > start, next < range.upperBound, bytes[next] != 0x27 else { return false }
            if bytes[next] == 0x3d { break }
        }
        guard bytes[next] == 0x3d else { return false }
        isOpen = true
        index += 1
        return true
    }

    /// Steps over the quote at the end.
    mutating func closes(_ bytes: Span<UInt8>, _ range: Range<Int>, _ index: inout Int) -> Bool {
        guard isOpen, index < range.upperBound, bytes[index] == 0x27 else { return false }
        isOpen = false
        index += 1
        return true
    }

    /// Where a value may lie: up to the quote at the end, inside.
    ///
    /// Each byte is looked at once for all pairs.
    mutating func bounds(_ bytes: Span<UInt8>, _ range: Range<Int>, _ start: Int) -> Range<Int> {
        guard isOpen, start < range.upperBound, bytes[start] != 0x22 else { return range }
        if quote < start { quote = ByteSearch.first(0x27, bytes, start..<range.upperBound) }
        return range.lowerBound..<quote
    }

    /// Whether a value without quotes is text in hexadecimal digits.
    func isEncoded(_ bytes: Span<UInt8>, _ key: Range<Int>, _ value: Range<Int>) -> Bool {
        guard isAudit, value.count >= 4, value.count % 2 == 0 else { return false }
        for index in value where !bytes[index].isDigit && !(0x41...0x46).contains(bytes[index]) {
            return false
        }
        return AuditPairs.keyNames.contains { $0.count == key.count && AuditPairs.begins(bytes, key, $0) }
    }
}
