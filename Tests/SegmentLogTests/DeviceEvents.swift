// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SimulationKit

@testable import SegmentLog

/// Offset of the first record of a block.
let eventBase = Offset(1_000)

/// Events of `records` as decoders make them: parts of the record, constants, derived and odd values.
func events(of records: RecordBatch, _ random: inout SeededGenerator) -> [EventBatch] {
    var table = FieldTable()
    var batches = [EventBatch(), EventBatch()]
    let half = records.rows.count / 2
    for (row, record) in records.rows.enumerated() {
        let number = row < half ? 0 : 1
        for ordinal in 0..<(random.below(10) == 0 ? random.below(4) : 1) {
            var event = Event(
                offset: eventBase.advanced(by: row),
                time: record.logTime,
                logTime: record.logTime
            )
            event.ordinal = UInt16(ordinal)
            event.receiveTime = record.receiveTime
            event.outcome = random.below(3) == 0 ? .failure : .success
            event.eventClass = record.length % 2 == 0 ? .access : .network
            event.severity = UInt8(record.length % 8)
            event.issues = random.below(20) == 0 ? [.yearAssumed] : []
            event.uncertainty = Int64(random.below(3)) * UTCTime.second
            if record.length % 3 > 0 {
                event.deviceTime = UTCTime(nanoseconds: record.logTime.nanoseconds - 3_600 * UTCTime.second)
                if random.below(4) > 0 { event.time = event.deviceTime }
            }
            if random.below(50) == 0 { event.receiveTime = .absent }
            if random.below(90) == 0 { event.logTime = .absent }
            var hash = StableHash()
            hash.combine(records.bytes.span, record.range)
            event.contentHash = hash.value
            if batches[number].decoders.count == 1 { batches[number].decoders += ["late\(number)", "early"] }
            event.decoder = UInt16(random.below(3))
            batches[number].begin(event)
            addFields(of: record, row, records, &batches[number], &table, &random)
        }
    }
    for number in batches.indices { batches[number].extensionNames = table.names }
    return batches
}

private func addFields(
    of record: RecordBatch.Row,
    _ row: Int,
    _ records: RecordBatch,
    _ batch: inout EventBatch,
    _ table: inout FieldTable,
    _ random: inout SeededGenerator
) {
    let words = records.payload(row).split(separator: 0x20).map { Array($0) }
    if let first = words.first { batch.add(.hostName, first) }
    if let last = words.last, random.below(5) > 0 { batch.add(.userName, last) }
    if words.count > 3 { batch.add(table.field(named: "ext.word"), words[random.below(words.count)]) }
    batch.add(table.field(named: "ext.constant"), "always")
    batch.add(table.field(named: "ext.derived"), "number \(random.below(1_000))")
    batch.add(table.field(named: "ext.empty"), "")
    batch.add(table.field(named: "ext.long"), [UInt8](repeating: 0x0a, count: random.below(3)))
    let start = min(record.length, 11)
    batch.add(.message, records.bytes.span, record.start + start..<record.range.upperBound)
}
