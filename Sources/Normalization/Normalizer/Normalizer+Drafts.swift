// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

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
                    let number = draftField(found.bytes, field.name)
                    append(number, found.bytes, field.value, isRecord: false, &events)
                }
            }
            addHeaderFields(work, bytes, keepsMessage: false, &filler, &events)
            if draft.time.isPresent {
                addSentTime(work.envelope.time, draft.time, &events)
                work.envelope.time = draft.time
                work.envelope.hasFraction = draft.flags.contains(.subsecond)
            }
            stampTime(&work, &events)
        }
    }

    /// The field of that full name.
    private mutating func draftField(_ bytes: [UInt8], _ name: Range<Int>) -> FieldID {
        if let number = draftNames.number(bytes.span, name) { return draftFields[number] }
        let field = fields.field(named: Array(bytes[name]))
        if draftNames.count < FieldTable.nameCountMax {
            draftNames.insert(bytes.span, name)
            draftFields.append(field)
        }
        return field
    }

    /// Keeps the time of the header beside that of the body where they differ: senders spool for hours.
    private mutating func addSentTime(_ sent: UTCTime, _ stated: UTCTime, _ events: inout EventBatch) {
        guard sent.isPresent, sent != stated else { return }
        let text = Array(sent.description.utf8)
        append(fields.field(named: "ext.sent"), text, 0..<text.count, isRecord: false, &events)
    }
}
