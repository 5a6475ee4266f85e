// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Platform
public import SegmentLog

/// The `records` stream of a store as a scan reads it: stored events where there are some, otherwise decoded
/// again.
///
/// Not thread-safe: owned by one scan.
public final class StoreParts: PartSource {
    let store: StoreReader
    private let decoder: any RecordDecoding
    var reader: LogReader
    private var isFirstListing = true
    /// Parts that are being read for `aheadCondition` before they are asked for.
    private var ahead: ReadAhead?
    private var aheadCondition: RowCondition?
    /// How records from an offset on are decoded, for parts without stored events.
    private var contexts: [Offset: DecodingContext] = [:]
    /// Memory for ``forEachHost(_:_:)``, which serves from part to part.
    private var hosts = EventValues()
    private var buffers = RecordBuffers()

    init(_ store: StoreReader, _ decoder: any RecordDecoding) throws(WardlineError) {
        self.store = store
        self.decoder = decoder
        do throws(LogError) {
            reader = try LogReader.open(
                storage: store.storage,
                path: store.path,
                stream: "records",
                listing: .footers
            )
        } catch {
            throw error.wardlineError(store.path)
        }
    }

    /// The log as it was listed last.
    public var log: LogReader { reader }

    /// Damaged records that were wanted and not given: the first and the end of each run of them.
    public private(set) var unreadable: [Offset: Offset] = [:]

    /// The newest version of the event schema that was met and is newer than ours; nil for none.
    ///
    /// Events of such blocks were decoded again from their records.
    public private(set) var newerSchema: Int?

    /// Lists what is durable now.
    public func parts() throws(WardlineError) -> [StoredPart] {
        ahead = nil
        if !isFirstListing {
            do throws(LogError) { try reader.refresh() } catch { throw error.wardlineError(store.path) }
        }
        isFirstListing = false
        return reader.parts.map {
            StoredPart(base: $0.base, count: $0.count, earliest: $0.minEventTime, latest: $0.maxEventTime)
        }
    }

    /// Begins to read parts ahead, where there are cores for it.
    public func announce(_ parts: [StoredPart], where condition: RowCondition) {
        var found: [LogPart] = []
        for part in parts { if let stored = reader.part(holding: part.base) { found.append(stored) } }
        ahead = ReadAhead(found, reader, condition)
        aheadCondition = condition
    }

    /// Reads a part; a part that has moved into a block since it was listed is found there.
    public func load(
        _ part: StoredPart,
        where condition: RowCondition
    ) throws(WardlineError) -> LoadedPart {
        guard let found = reader.part(holding: part.base), found.base == part.base, found.count == part.count
        else {
            throw WardlineError(
                .internal,
                "The log was listed anew while it was being read. Run the query again.",
                location: store.path
            )
        }
        let known = condition == aheadCondition ? ahead?.rows(found) : nil
        switch known ?? ReadAhead.read(found, reader, condition) {
        case .success(let stored): return try loaded(part, found, stored)
        case .failure(let error): return try replacement(of: part, found, after: error)
        }
    }

    /// A part with its stored events, or those that its records decode to.
    private func loaded(
        _ part: StoredPart,
        _ place: LogPart,
        _ stored: StoredRows
    ) throws(WardlineError) -> LoadedPart {
        let events: EventBatch
        if let found = stored.events {
            events = found
        } else {
            events = try decode(stored.records, from: place)
        }
        var loaded = LoadedPart(
            part: part,
            records: stored.records,
            offsets: stored.offsets,
            events: events
        )
        loaded.isRuledOut = stored.isRuledOut
        return loaded
    }

    /// Tells time and host name of each event of a part, read without the rest.
    ///
    /// - Returns: False where that is not possible, because the part does not store its events, or one of
    ///   them has no host; then nothing was told.
    public func forEachHost(
        _ part: StoredPart,
        _ body: (UTCTime, Span<UInt8>) -> Void
    ) throws(WardlineError) -> Bool {
        guard let stored = reader.part(holding: part.base), stored.base == part.base else { return false }
        var memory = EventValues()
        swap(&memory, &hosts)
        do throws(LogError) {
            guard
                let found = try reader.values(stored, EventValues.Wish(.hostName), reusing: memory, &buffers)
            else {
                return false
            }
            hosts = found
        } catch {
            switch error {
            // Reading the part says what is wrong with it.
            case .damaged, .newerEvents: return false
            default: throw error.wardlineError(store.path)
            }
        }
        guard (0..<hosts.count).allSatisfy({ hosts.range($0) != nil }) else { return false }
        let bytes = hosts.bytes
        for index in 0..<hosts.count {
            guard let range = hosts.range(index) else { continue }
            body(UTCTime(nanoseconds: hosts.times[index]), bytes.span.extracting(range))
        }
        return true
    }

    /// Reads of a part what `wish` names; one that does not store its events as columns must be read whole.
    public func read(
        _ part: StoredPart,
        _ wish: EventValues.Wish,
        where condition: RowCondition,
        into values: inout EventValues
    ) throws(WardlineError) -> PartColumns {
        guard let stored = reader.part(holding: part.base), stored.base == part.base,
            stored.count == part.count
        else { return .whole }
        if !reader.mayHold(stored, condition) { return .ruledOut }
        var memory = EventValues()
        swap(&memory, &values)
        do throws(LogError) {
            guard let found = try reader.values(stored, wish, reusing: memory, &buffers), found.isSingle
            else {
                return .whole
            }
            values = found
            return .read
        } catch {
            switch error {
            // Reading the part says what is wrong with it.
            case .damaged, .newerEvents: return .whole
            default: throw error.wardlineError(store.path)
            }
        }
    }

    /// What is left of a part that could not be read: its records, decoded again, where only the events are
    /// not ours to read; nothing where it is damaged.
    private func replacement(
        of part: StoredPart,
        _ place: LogPart,
        after error: LogError
    ) throws(WardlineError) -> LoadedPart {
        var records = RecordBatch()
        var events = EventBatch()
        switch error {
        case .damaged: break
        case .newerEvents(_, _, let schema):
            newerSchema = max(newerSchema ?? 0, schema)
            records = try self.records(place)
        default: throw error.wardlineError(store.path)
        }
        if records.count == part.count {
            events = try decode(records, from: place)
        } else {
            records = RecordBatch()
            unreadable[part.base] = part.base.advanced(by: part.count)
        }
        return LoadedPart(
            part: part,
            records: records,
            offsets: .consecutive(from: part.base),
            events: events
        )
    }

    /// The records of a part; none of a damaged one.
    private func records(_ part: LogPart) throws(WardlineError) -> RecordBatch {
        do throws(LogError) { return try reader.soundRecords(part) ?? RecordBatch() } catch {
            throw error.wardlineError(store.path)
        }
    }

    /// Decodes the runs between control records that change how records are decoded.
    func decode(_ records: RecordBatch, from part: LogPart) throws(WardlineError) -> EventBatch {
        var context = try context(before: part)
        var before = try self.records(before: part)
        var merged = EventBatch()
        var table = FieldTable()
        var start = 0
        for index in 0...records.rows.count {
            let isEnd = index == records.rows.count
            guard isEnd || StoreParts.isTurn(records.rows[index].kind) else { continue }
            if index > start {
                let run = records.slice(start..<index)
                let events = try decoder.events(
                    of: run,
                    base: part.base.advanced(by: start),
                    before: before,
                    context: context
                )
                merged.merge(events, table: &table)
            }
            before = RecordBatch()
            if !isEnd { note(records, index, &context) }
            start = index + 1
        }
        contexts[part.end] = context
        return merged
    }

    /// The records right before a part, back to the last one that changes how records are decoded.
    ///
    /// A hole in the offsets ends them: what lay in it is not known.
    private func records(before part: LogPart) throws(WardlineError) -> RecordBatch {
        var found = RecordBatch()
        var number = reader.parts.firstIndex { $0.base == part.base } ?? 0
        var end = part.base
        while number > 0, found.count < decoder.lookBackCount {
            number -= 1
            let earlier = reader.parts[number]
            guard earlier.end == end else { break }
            end = earlier.base
            let all = try self.records(earlier)
            guard all.count == earlier.count else { break }
            let turn = all.rows.lastIndex { StoreParts.isTurn($0.kind) }
            let first = max(turn.map { $0 + 1 } ?? 0, all.count - (decoder.lookBackCount - found.count))
            var joined = all.slice(first..<all.count)
            joined.append(found)
            found = joined
            if turn != nil { break }
        }
        return found
    }

    private static func isTurn(_ kind: RecordKind) -> Bool {
        kind == .activation || kind == .importBegin || kind == .importEnd
    }

    private func note(_ records: RecordBatch, _ index: Int, _ context: inout DecodingContext) {
        guard let object = decoder.object(of: records.payload(index)) else { return }
        context.note(records.rows[index].kind, object)
    }

    /// What was in force where `part` begins: looks back for the last activation and the import under way.
    ///
    /// Blocks tell which decoder set they were made with, so runs of equal sets are skipped to their first
    /// block.
    private func context(before part: LogPart) throws(WardlineError) -> DecodingContext {
        if let known = contexts[part.base] { return known }
        var context = DecodingContext()
        var hasReference = false
        var number = reader.parts.firstIndex { $0.base == part.base } ?? 0
        while number > 0, context.decoders == nil || !hasReference {
            number -= 1
            let records = try records(reader.parts[number])
            for index in records.rows.indices.reversed() where StoreParts.isTurn(records.rows[index].kind) {
                var found = DecodingContext()
                note(records, index, &found)
                if records.rows[index].kind == .activation {
                    if context.decoders == nil { context.decoders = found.decoders }
                } else if !hasReference {
                    context.reference = found.reference
                    hasReference = true
                }
            }
            if let last = records.rows.last, !last.flags.contains(.imported), last.kind == .device {
                hasReference = true
            }
        }
        contexts[part.base] = context
        return context
    }
}

extension RecordBatch {
    /// Appends the rows of another batch.
    mutating func append(_ other: RecordBatch) {
        let shift = bytes.count
        let numbers = other.origins.map { index(of: $0) }
        bytes.append(contentsOf: other.bytes)
        for row in other.rows {
            var moved = row
            moved.start += shift
            moved.origin = numbers[Int(row.origin)]
            rows.append(moved)
        }
    }

    /// The rows of `range` with their bytes and origins.
    func slice(_ range: Range<Int>) -> RecordBatch {
        guard range != rows.indices else { return self }
        var part = RecordBatch()
        part.origins = origins
        part.bytes = bytes
        part.rows = Array(rows[range])
        return part
    }
}
