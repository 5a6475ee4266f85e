// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import QueryEngine
import Replay
import WireFormats

/// Finds when lines of a story happened: by their claimed receive time, else by the time in the line.
struct LineDating {
    private var normalizer: Normalizer
    private let reference: UTCTime
    private var last: UTCTime
    /// Lines decoded so far: a line may complete those before it.
    private var lineCount: UInt64 = 0

    /// Starts at `reference`, which resolves times without a year.
    init(_ decoders: DecoderSet, reference: UTCTime) {
        self.reference = reference
        last = reference
        normalizer = Normalizer(decoders: decoders, siteKey: SiteKey(id: "dating", secret: []))
    }

    /// The bytes to send and when; a line without a time is due with the one before it.
    mutating func line(_ bytes: [UInt8], hasClaims: Bool) -> ResendLine {
        if hasClaims, let object = try? JSONValue(parsing: bytes.span), let text = object["line"]?.text {
            if let claim = object["receive_time"]?.text,
                let time = try? TimeExpression.parse(claim, now: last, zone: .utc)
            {
                last = time
            }
            return ResendLine(bytes: Array(text.utf8), time: last)
        }
        var records = RecordBatch()
        let origin = records.index(of: Origin(listener: "story", transport: .file))
        records.append(bytes, kind: .device, origin: origin, receiveTime: .absent)
        var events = EventBatch()
        normalizer.decode(records, base: Offset(lineCount), reference: reference, into: &events)
        lineCount += 1
        if let event = events.events.first, event.deviceTime.isPresent { last = event.deviceTime }
        return ResendLine(bytes: bytes, time: last)
    }
}
