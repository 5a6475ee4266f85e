// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

extension Normalizer {
    /// The time that a body states in parts: `date` and `time` with a zone, or `devTime` in a form of its
    /// own.
    mutating func readTimeOfParts(_ work: inout RecordWork, _ bytes: [UInt8]) {
        if let pattern = values.value(StandardSlot.timePattern),
            let stamp = values.value(StandardSlot.patternedTime)
        {
            let found = DatePattern.read(
                text(stamp, bytes).span,
                pattern: text(pattern, bytes).span,
                work.context
            )
            if let found {
                work.envelope.time = found.time
                work.envelope.hasFraction = found.hasFraction
                work.header.issues.formUnion(found.issues)
            }
        }
        guard work.isTimeOpen, let date = values.value(StandardSlot.date),
            let clock = values.value(StandardSlot.clock)
        else { return }
        var stamp = text(date, bytes) + [0x20] + text(clock, bytes)
        if let zone = values.value(StandardSlot.zones[0]) ?? values.value(StandardSlot.zones[1]) {
            let name = text(zone, bytes)
            // An offset stands right behind the time, a name behind a blank.
            let isOffset = name.first == 0x2b || name.first == 0x2d
            if !isOffset { stamp.append(0x20) }
            let whole = stamp + name
            Normalizer.readTime(whole.span, 0..<whole.count, &work)
        }
        Normalizer.readTime(stamp.span, 0..<stamp.count, &work)
    }

    private mutating func text(_ value: BodyValues.Value, _ bytes: [UInt8]) -> [UInt8] {
        Array((value.isInWork ? values.work : bytes)[value.range])
    }
}
