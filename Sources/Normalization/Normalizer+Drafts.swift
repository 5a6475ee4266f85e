// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension Normalizer {
    /// Turns the drafts of a body decoder into events.
    mutating func emitDrafts(
        _ name: String,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        let found = bodies.found
        copyRecord(&work, bytes, &events)
        for draft in found.drafts {
            var filler = EventFiller()
            var header = work.header
            header.ordinal = work.ordinal
            header.decoder = decoderNumber(named: name, &events)
            header.eventClass = draft.eventClass
            header.action = draft.action
            header.outcome = draft.outcome
            header.issues.formUnion(draft.issues)
            header.flags.formUnion(draft.flags)
            events.begin(header)
            for field in found.fields[draft.fieldStart..<draft.fieldStart + draft.fieldCount] {
                if let known = field.known {
                    _ = filler.take(known)
                    append(known, found.bytes, field.value, isRecord: false, &events)
                } else {
                    let number = fields.field(named: Array(found.bytes[field.name]))
                    append(number, found.bytes, field.value, isRecord: false, &events)
                }
            }
            addHeaderFields(work, bytes, keepsMessage: false, &filler, &events)
            if !work.envelope.time.isPresent { work.envelope.time = draft.time }
            stampTime(&work, &events)
        }
    }
}
