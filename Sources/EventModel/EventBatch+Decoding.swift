// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

extension EventBatch {
    /// Reads the stored form of the events of `records`.
    ///
    /// - Throws: ``ByteReaderError`` with the position; nothing is returned then.
    public init(
        decoding stored: [UInt8],
        beside records: RecordsInPlace = RecordsInPlace()
    ) throws(ByteReaderError) {
        self.init()
        var reader = ByteReader(stored)
        let version = try reader.byte()
        guard version == 1 || version == EventBatch.storedVersion else { throw .invalid(position: 0) }
        let count = try reader.count(atMost: EventBatch.storedEventCountMax)
        decoders = try EventBatch.names(&reader, atMost: 65_536)
        extensionNames = try EventBatch.names(&reader, atMost: FieldTable.nameCountMax + 1)
        try decodeHeaders(&reader, count, version)
        if version == 1 {
            try decodeFieldsOfVersion1(&reader)
        } else {
            try decodeHashes(&reader, records)
            try decodeFields(&reader, records)
        }
    }

    private static func names(
        _ reader: inout ByteReader,
        atMost limit: Int
    ) throws(ByteReaderError) -> [String] {
        let count = try reader.count(atMost: limit)
        var names: [String] = []
        for _ in 0..<count { names.append(try reader.text()) }
        return names
    }

    private mutating func decodeHeaders(
        _ reader: inout ByteReader,
        _ count: Int,
        _ version: UInt8
    ) throws(ByteReaderError) {
        let blank = Event(offset: .zero, time: .absent, logTime: .absent)
        events = Array(repeating: blank, count: count)
        var offset: UInt64 = 0
        for index in 0..<count {
            offset &+= try reader.varint()
            events[index].offset = Offset(offset)
        }
        for index in 0..<count { events[index].ordinal = UInt16(truncatingIfNeeded: try reader.varint()) }
        var time: Int64 = 0
        for index in 0..<count {
            time &+= try reader.signed()
            events[index].time = UTCTime(nanoseconds: time)
        }
        for index in 0..<count {
            events[index].deviceTime = UTCTime(
                nanoseconds: try reader.signed() &+ events[index].time.nanoseconds
            )
        }
        var logTime: Int64 = 0
        for index in 0..<count {
            logTime &+= try reader.signed()
            events[index].logTime = UTCTime(nanoseconds: logTime)
        }
        for index in 0..<count {
            let shift = try reader.signed()
            events[index].receiveTime = UTCTime(nanoseconds: shift &+ events[index].logTime.nanoseconds)
        }
        for index in 0..<count { events[index].uncertainty = try reader.signed() }
        try decodeEnumerations(&reader, count, version)
    }

    private mutating func decodeEnumerations(
        _ reader: inout ByteReader,
        _ count: Int,
        _ version: UInt8
    ) throws(ByteReaderError) {
        for index in 0..<count {
            events[index].eventClass = EventClass(rawValue: try reader.byte()) ?? .unclassified
        }
        for index in 0..<count { events[index].action = Action(rawValue: try reader.byte()) ?? .other }
        for index in 0..<count { events[index].outcome = Outcome(rawValue: try reader.byte()) ?? .unknown }
        for index in 0..<count { events[index].severity = try reader.byte() }
        for index in 0..<count {
            let number = try reader.count(atMost: max(0, decoders.count - 1))
            events[index].decoder = UInt16(number)
        }
        for index in 0..<count {
            events[index].flags = EventFlags(rawValue: UInt16(truncatingIfNeeded: try reader.varint()))
        }
        for index in 0..<count { events[index].issues = ParseIssues(rawValue: try reader.varint()) }
        if version == 1 { for index in 0..<count { events[index].contentHash = try reader.uint64() } }
        var start: UInt32 = 0
        for index in 0..<count {
            let left = EventBatch.storedFieldCountMax - Int(start)
            let fields = try reader.count(atMost: min(65_535, left))
            events[index].fieldStart = start
            events[index].fieldCount = UInt16(fields)
            start += UInt32(fields)
        }
    }

    private mutating func decodeHashes(
        _ reader: inout ByteReader,
        _ records: RecordsInPlace
    ) throws(ByteReaderError) {
        let areStored = try reader.byte() != 0
        for index in events.indices {
            if areStored {
                events[index].contentHash = try reader.uint64()
            } else {
                guard let hash = records.contentHash(events[index].offset) else {
                    throw .invalid(position: reader.position)
                }
                events[index].contentHash = hash
            }
        }
    }

    private func decodeFieldNumbers(
        _ reader: inout ByteReader
    ) throws(ByteReaderError) -> (fields: [FieldID], order: [Int]) {
        let count = events.last.map { Int($0.fieldStart) + Int($0.fieldCount) } ?? 0
        guard count <= reader.remaining else { throw .truncated(position: reader.position) }
        var fields: [FieldID] = []
        fields.reserveCapacity(count)
        for _ in 0..<count {
            fields.append(FieldID(rawValue: UInt16(truncatingIfNeeded: try reader.varint())))
        }
        let order = fieldOrder(of: fields)
        return (fields, order)
    }

    private mutating func decodeFields(
        _ reader: inout ByteReader,
        _ records: RecordsInPlace
    ) throws(ByteReaderError) {
        let (fields, order) = try decodeFieldNumbers(&reader)
        entries = fields.map { Entry(field: $0, start: 0, length: 0) }
        var isInPlace = [Bool](repeating: false, count: fields.count)
        for index in order {
            let length = try reader.varint()
            guard length >> 1 <= UInt64(UInt32.max) else { throw .invalid(position: reader.position) }
            entries[index].length = UInt32(length >> 1)
            isInPlace[index] = length & 1 == 1
        }
        var owners = [Int](repeating: 0, count: fields.count)
        for (number, event) in events.enumerated() {
            for index in Int(event.fieldStart)..<Int(event.fieldStart) + Int(event.fieldCount) {
                owners[index] = number
            }
        }
        for index in order {
            let length = Int(entries[index].length)
            entries[index].start = UInt32(truncatingIfNeeded: bytes.count)
            if isInPlace[index] {
                let tail = try reader.varint()
                let isFound = records.append(
                    length,
                    before: tail,
                    in: events[owners[index]].offset,
                    to: &bytes
                )
                guard isFound, bytes.count <= EventBatch.storedSizeMaxBytes else {
                    throw .invalid(position: reader.position)
                }
            } else {
                let range = try reader.range(length)
                bytes.append(reader.bytes.span, range)
            }
        }
        guard reader.remaining == 0 else { throw .invalid(position: reader.position) }
    }

    private mutating func decodeFieldsOfVersion1(_ reader: inout ByteReader) throws(ByteReaderError) {
        let (fields, order) = try decodeFieldNumbers(&reader)
        entries = fields.map { Entry(field: $0, start: 0, length: 0) }
        var start = 0
        for index in order {
            let length = try reader.count(atMost: reader.remaining)
            entries[index].start = UInt32(truncatingIfNeeded: start)
            entries[index].length = UInt32(truncatingIfNeeded: length)
            start += length
        }
        bytes = Array(reader.bytes[try reader.range(start)])
        guard reader.remaining == 0 else { throw .invalid(position: reader.position) }
    }
}
