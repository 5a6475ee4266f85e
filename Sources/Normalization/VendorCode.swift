// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// The mark `%FACILITY-SEVERITY-CODE:` of Cisco and alike, such as `%ASA-6-302013:` or
/// `%SEC_LOGIN-5-LOGIN_SUCCESS:`.
struct VendorCode {
    /// First part, such as `ASA`.
    var facility: Range<Int>
    /// Severity digit, or a letter on some products.
    var severity: UInt8
    /// Last part, such as `302013`.
    var code: Range<Int>
    /// First byte of the text after the mark.
    var bodyStart: Int

    /// Bytes that are searched for the mark: it stands at the start, after at most a stamp and a host.
    static let searchMaxBytes = 96

    /// The mark at or near the start of `range`; nil if there is none.
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var start = range.lowerBound
        if let bare = VendorCode.parseBare(bytes, range) {
            self = bare
            return
        }
        let limit = min(range.upperBound, range.lowerBound + VendorCode.searchMaxBytes)
        while start < limit {
            // Wireless controllers write `#` at the start where others write `%`.
            let isMark = bytes[start] == 0x25 || bytes[start] == 0x23 && start == range.lowerBound
            if isMark, let found = VendorCode.parse(bytes, start + 1..<range.upperBound) {
                self = found
                return
            }
            start += 1
        }
        return nil
    }

    private init(facility: Range<Int>, severity: UInt8, code: Range<Int>, bodyStart: Int) {
        self.facility = facility
        self.severity = severity
        self.code = code
        self.bodyStart = bodyStart
    }

    /// A mark that has lost its sign: `ASA-6-302013: text`, known by the number of six digits.
    private static func parseBare(_ bytes: Span<UInt8>, _ range: Range<Int>) -> VendorCode? {
        guard let first = range.first, bytes[first].folded >= 0x61, bytes[first].folded <= 0x7a,
            let found = parse(bytes, range), found.code.count == 6, found.severity <= 7
        else { return nil }
        for index in found.code where !bytes[index].isDigit { return nil }
        return found
    }

    private static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>) -> VendorCode? {
        var index = range.lowerBound
        var firstDash = -1
        var lastDash = -1
        var dashBefore = -1
        while index < range.upperBound, bytes[index].isWordByte || bytes[index] == 0x2d {
            if bytes[index] == 0x2d {
                if firstDash < 0 { firstDash = index }
                dashBefore = lastDash
                lastDash = index
            }
            index += 1
        }
        guard index < range.upperBound, bytes[index] == 0x3a || bytes[index].isBlank, dashBefore >= 0,
            firstDash > range.lowerBound, lastDash == dashBefore + 2, index > lastDash + 1
        else { return nil }
        let severity = bytes[dashBefore + 1]
        var start = index
        while start < range.upperBound, bytes[start] == 0x3a || bytes[start].isBlank { start += 1 }
        return VendorCode(
            facility: range.lowerBound..<firstDash,
            severity: severity.isDigit ? severity - 0x30 : 255,
            code: lastDash + 1..<index,
            bodyStart: start
        )
    }
}
