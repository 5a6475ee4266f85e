// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// A line of a `*.rec.jsonl` file: a record with claims about its receipt.
///
/// `{"received": RFC 3339, "peer": ADDRESS, "line": TEXT}`. Only `line` is needed; other members are ignored.
struct RecordLine {
    /// The record: the UTF-8 of `line`.
    var bytes: [UInt8]
    /// The claimed time of receipt.
    var receiveTime = UTCTime.absent
    /// The claimed sender.
    var peer: IPAddress?
    /// Whether a claim is there that cannot be read: the record stands without it.
    var hasUnreadableClaim = false

    /// Nil when the text at `range` is no JSON object with a `line`.
    init?(_ text: Span<UInt8>, _ range: Range<Int>) {
        guard let value = try? JSONValue(parsing: text.extracting(range)), let line = value["line"]?.text
        else {
            return nil
        }
        bytes = Array(line.utf8)
        if let claim = value["received"], claim != .null {
            receiveTime = claim.text.flatMap { UTCTime(rfc3339: $0) } ?? .absent
            hasUnreadableClaim = !receiveTime.isPresent
        }
        if let claim = value["peer"], claim != .null {
            peer = claim.text.flatMap { IPAddress($0) }
            if peer == nil { hasUnreadableClaim = true }
        }
    }
}
