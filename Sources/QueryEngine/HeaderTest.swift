// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A test of an event's header, ready to run on integers.
enum HeaderTest {
    case byte(QueryField.Envelope, ByteSet)
    case decoder([Bool])
    case issues(UInt64)
    case flags(UInt16)
    case time(QueryField.Envelope, Comparison, UTCTime)
    case timeExists(QueryField.Envelope)
    case never

    init(_ envelope: QueryField.Envelope, _ condition: QueryCondition, _ batch: EventBatch) {
        switch envelope {
        case .eventClass, .action, .outcome, .severity:
            self = .byte(envelope, ByteSet { HeaderText.accepts(envelope, $0, condition) })
        case .decoder:
            self = .decoder(
                batch.decoders.enumerated().map { number, name in
                    condition == .exists ? number > 0 : condition.accepts(Array(name.utf8))
                }
            )
        case .issue:
            var mask: UInt64 = 0
            for (bit, code) in ParseIssues.codes.enumerated() where condition.accepts(Array(code.utf8)) {
                mask |= 1 << UInt64(bit)
            }
            self = .issues(mask)
        case .flag:
            var mask: UInt16 = 0
            for (bit, name) in QueryField.flagNames.enumerated() where condition.accepts(Array(name.utf8)) {
                mask |= 1 << UInt16(bit)
            }
            self = .flags(mask)
        case .time, .deviceTime, .logTime, .receiveTime:
            switch condition {
            case .ordered(let comparison, .time(let time)): self = .time(envelope, comparison, time)
            case .exists: self = .timeExists(envelope)
            default: self = .never
            }
        case .offset: self = .never
        }
    }

    func matches(_ event: Event) -> Bool {
        switch self {
        case .byte(.eventClass, let table): table[event.eventClass.rawValue]
        case .byte(.action, let table): table[event.action.rawValue]
        case .byte(.outcome, let table): table[event.outcome.rawValue]
        case .byte(_, let table): table[event.severity]
        case .decoder(let table): Int(event.decoder) < table.count && table[Int(event.decoder)]
        case .issues(let mask): event.issues.rawValue & mask != 0
        case .flags(let mask): event.flags.rawValue & mask != 0
        case .timeExists(let envelope): HeaderText.time(envelope, event).isPresent
        case .time(let envelope, let comparison, let fixed):
            HeaderText.time(envelope, event).isPresent
                && comparison.holds(
                    HeaderText.time(envelope, event) == fixed
                        ? 0 : HeaderText.time(envelope, event) < fixed ? -1 : 1
                )
        case .never: false
        }
    }
}

/// Header values as text.
///
/// What is not said (unclassified, other, unknown, no severity) does not exist for `*`, but has its name.
enum HeaderText {
    /// Whether the stored byte of a closed vocabulary satisfies `condition`.
    static func accepts(_ envelope: QueryField.Envelope, _ byte: UInt8, _ condition: QueryCondition) -> Bool {
        guard let name = name(envelope, byte) else { return false }
        if envelope == .severity {
            return condition.accepts(Array(String(byte).utf8)) || condition.accepts(Array(name.utf8))
        }
        return condition == .exists ? byte != 0 : condition.accepts(Array(name.utf8))
    }

    private static func name(_ envelope: QueryField.Envelope, _ byte: UInt8) -> String? {
        switch envelope {
        case .eventClass: EventClass(rawValue: byte)?.name
        case .action: Action(rawValue: byte)?.name
        case .outcome: Outcome(rawValue: byte)?.name
        case .severity: Int(byte) < SeverityName.all.count ? SeverityName.all[Int(byte)] : nil
        default: nil
        }
    }

    /// A header time.
    static func time(_ envelope: QueryField.Envelope, _ event: Event) -> UTCTime {
        switch envelope {
        case .deviceTime: event.deviceTime
        case .logTime: event.logTime
        case .receiveTime: event.receiveTime
        default: event.time
        }
    }

    /// The value as output shows it; nil if not said.
    static func value(_ envelope: QueryField.Envelope, _ event: Event, _ batch: EventBatch) -> String? {
        switch envelope {
        case .eventClass: return event.eventClass == .unclassified ? nil : event.eventClass.name
        case .action: return event.action == .other ? nil : event.action.name
        case .outcome: return event.outcome == .unknown ? nil : event.outcome.name
        case .severity: return name(.severity, event.severity)
        case .decoder: return event.decoder == 0 ? nil : batch.decoders[Int(event.decoder)]
        case .issue: return event.issues.names.first
        case .flag: return nil
        case .offset: return String(event.offset.value)
        case .time, .deviceTime, .logTime, .receiveTime:
            let time = time(envelope, event)
            return time.isPresent ? time.description : nil
        }
    }
}
