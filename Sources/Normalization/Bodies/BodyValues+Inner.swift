// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension BodyValues {
    /// Longest text that is read as a body of its own; of a longer one nothing but the text is kept.
    static let innerLengthMaxBytes = 65_536

    /// Adds what the text of `slot` holds, as if it were the body: the leaves of XML or JSON, or pairs.
    ///
    /// Keys that the body has as well keep the body's value.
    ///
    /// - Returns: what was odd about the text.
    mutating func addInner(
        _ slot: Int,
        _ bytes: Span<UInt8>,
        _ names: borrowing NameTable,
        isCommaSeparated: Bool
    ) -> ParseIssues {
        guard let value = value(slot), !value.range.isEmpty, !isFull else { return [] }
        guard value.range.count <= BodyValues.innerLengthMaxBytes else {
            isTruncated = true
            return []
        }
        var range = value.range
        if !value.isInWork {
            let start = work.count
            work.append(bytes, range)
            range = start..<work.count
        }
        // What is read may not change while it is read: positions in the copy are those in `work`.
        let text = work
        isInner = true
        defer { isInner = false }
        switch text[range.lowerBound] {
        case 0x3c: return addXML(text.span, range, names)
        case 0x7b: return addJSON(text.span, range, names)
        default:
            addPairs(text.span, range, names, isCommaSeparated: isCommaSeparated)
            return []
        }
    }
}
