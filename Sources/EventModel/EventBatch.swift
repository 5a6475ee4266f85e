// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Facts about an event that are not fields.
///
/// Bits are stored and never reused.
public struct EventFlags: OptionSet, Hashable, Sendable {
    /// The stored bits.
    public var rawValue: UInt16

    /// Wraps stored bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The reporting host is a witness (firewall, NAC, DHCP server, sensor, relay) and never the subject.
    public static let witness = EventFlags(rawValue: 1 << 0)
    /// The device time carried a fraction of a second, so equal payloads are one event.
    public static let subsecond = EventFlags(rawValue: 1 << 1)
    /// No time in the bytes: the event time is the log time or reference time.
    public static let timeless = EventFlags(rawValue: 1 << 2)
    /// The event comes from an import; nothing in it counts as our own observation.
    public static let imported = EventFlags(rawValue: 1 << 3)
    /// The receive time is known (live, or claimed by the input).
    public static let received = EventFlags(rawValue: 1 << 4)
}

/// One typed event: integers only.
///
/// Its fields are `fieldStart ..< fieldStart + fieldCount` of the batch.
public struct Event: Hashable, Sendable {
    /// Offset of the record it was decoded from.
    public var offset: Offset
    /// Index among the events of that record; most records give one event.
    public var ordinal: UInt16 = 0
    /// Event time, corrected for the measured skew of its source.
    public var time: UTCTime
    /// The device's own time as resolved to UTC; `absent` if the line had none.
    public var deviceTime: UTCTime = .absent
    /// Log time of the record.
    public var logTime: UTCTime
    /// Receive time of the record; `absent` for imports without one.
    public var receiveTime: UTCTime = .absent
    /// Half width of the uncertainty band around `time`, in nanoseconds.
    public var uncertainty: Int64 = 0
    /// Access, network, update, or unclassified.
    public var eventClass: EventClass = .unclassified
    /// What happened.
    public var action: Action = .other
    /// How it ended.
    public var outcome: Outcome = .unknown
    /// Syslog severity 0...7; 255 if not known.
    public var severity: UInt8 = 255
    /// Index into the batch's `decoders`.
    public var decoder: UInt16 = 0
    /// Facts that are not fields.
    public var flags: EventFlags = []
    /// What was odd.
    public var issues: ParseIssues = []
    /// `StableHash` of the record's kept bytes: order among equal times, equal payloads.
    public var contentHash: UInt64 = 0
    /// First field in the batch.
    public var fieldStart: UInt32 = 0
    /// Number of fields.
    public var fieldCount: UInt16 = 0

    /// An event with nothing but its place and times.
    public init(offset: Offset, time: UTCTime, logTime: UTCTime) {
        self.offset = offset
        self.time = time
        self.logTime = logTime
    }
}

/// Typed events of consecutive records: headers, fields and one buffer of value bytes.
public struct EventBatch: Sendable {
    /// A field of an event: which, and where its text lies.
    public struct Entry: Hashable, Sendable {
        /// Which field.
        public var field: FieldID
        /// Start of the value in `bytes`.
        public var start: UInt32
        /// Length of the value.
        public var length: UInt32

        /// Makes an entry.
        @inlinable
        public init(field: FieldID, start: UInt32, length: UInt32) {
            self.field = field
            self.start = start
            self.length = length
        }

        /// The value's place in the batch's buffer.
        public var range: Range<Int> { Int(start)..<Int(start) + Int(length) }
    }

    /// Event headers in record order.
    public var events: [Event]
    /// Fields of all events, in event order.
    public var entries: [Entry]
    /// Value bytes.
    public var bytes: [UInt8]
    /// Names of the fields from `FieldID.firstExtension` on, such as `ext.flow_id`.
    public var extensionNames: [String]
    /// Decoder identifiers that events refer to; index 0 is `none`.
    public var decoders: [String]

    /// An empty batch.
    public init() {
        events = []
        entries = []
        bytes = []
        extensionNames = []
        decoders = ["none"]
    }

    /// An empty batch with those names.
    private init(names: [String], decoders: [String]) {
        events = []
        entries = []
        bytes = []
        extensionNames = names
        self.decoders = decoders
    }

    /// The same batch in buffers of exactly its size, for batches that are kept long.
    public var compacted: EventBatch {
        var copy = self
        copy.events = []
        copy.events.reserveCapacity(events.count)
        copy.events.append(contentsOf: events)
        copy.entries = []
        copy.entries.reserveCapacity(entries.count)
        copy.entries.append(contentsOf: entries)
        copy.bytes = []
        copy.bytes.reserveCapacity(bytes.count)
        copy.bytes.append(contentsOf: bytes)
        return copy
    }

    /// The events in batches of `count` neighbours, each in buffers of exactly its size.
    ///
    /// Values must lie in the order of the events, as those that are copied one after the other do.
    public func parts(of count: Int) -> [EventBatch] {
        var parts: [EventBatch] = []
        parts.reserveCapacity((events.count + count - 1) / count)
        var first = 0
        while first < events.count {
            let last = min(first + count, events.count)
            parts.append(part(first..<last))
            first = last
        }
        return parts
    }

    private func part(_ range: Range<Int>) -> EventBatch {
        var own = EventBatch(names: extensionNames, decoders: decoders)
        own.events.append(contentsOf: events[range])
        let first = Int(own.events[0].fieldStart)
        let last = own.events[own.events.count - 1]
        let fields = entries[first..<Int(last.fieldStart) + Int(last.fieldCount)]
        for index in own.events.indices { own.events[index].fieldStart -= UInt32(first) }
        var (lower, upper) = (UInt32.max, UInt32(0))
        for entry in fields {
            lower = min(lower, entry.start)
            upper = max(upper, entry.start + entry.length)
        }
        guard lower <= upper else { return own }
        own.entries.reserveCapacity(fields.count)
        for var entry in fields {
            entry.start -= lower
            own.entries.append(entry)
        }
        own.bytes.append(contentsOf: bytes[Int(lower)..<Int(upper)])
        return own
    }

    /// Forgets the events and keeps the storage.
    public mutating func removeAll() {
        events.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        decoders.removeSubrange(1...)
    }

    /// Starts an event; the fields added next belong to it.
    public mutating func begin(_ event: Event) {
        var event = event
        event.fieldStart = UInt32(entries.count)
        event.fieldCount = 0
        events.append(event)
    }

    /// Adds a field to the newest event; the value is copied.
    public mutating func add(_ field: FieldID, _ source: Span<UInt8>, _ range: Range<Int>) {
        let start = bytes.count
        bytes.append(source, range)
        finish(field, start)
    }

    /// Adds a field to the newest event.
    public mutating func add(_ field: FieldID, _ value: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: value)
        finish(field, start)
    }

    /// Adds a field to the newest event.
    public mutating func add(_ field: FieldID, _ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        finish(field, start)
    }

    /// Adds a field to the newest event whose value was appended to `bytes` from `start` on.
    public mutating func add(_ field: FieldID, from start: Int) { finish(field, start) }

    /// Adds a field to the newest event whose value lies in `bytes` already.
    ///
    /// It is counted when the event is settled.
    @inlinable
    public mutating func add(_ field: FieldID, at start: Int, _ length: Int) {
        entries.append(Entry(field: field, start: UInt32(start), length: UInt32(length)))
    }

    /// Counts the fields of the newest event, once it has all of them.
    public mutating func settle() {
        let last = events.count - 1
        events[last].fieldCount = UInt16(entries.count - Int(events[last].fieldStart))
    }

    private mutating func finish(_ field: FieldID, _ start: Int) {
        entries.append(Entry(field: field, start: UInt32(start), length: UInt32(bytes.count - start)))
        events[events.count - 1].fieldCount += 1
    }

    /// Event `index` in a batch of its own, in buffers of exactly its size.
    ///
    /// Where its values do not lie side by side, what lies between them comes too if that is less than they
    /// are; otherwise each is copied.
    public func only(_ index: Int) -> EventBatch {
        var own = EventBatch(names: extensionNames, decoders: decoders)
        let fields = fields(of: index)
        var event = events[index]
        event.fieldStart = 0
        own.events = [event]
        guard !fields.isEmpty else { return own }
        var (lower, upper, length) = (UInt32.max, UInt32(0), UInt32(0))
        for entry in fields {
            lower = min(lower, entry.start)
            upper = max(upper, entry.start + entry.length)
            length += entry.length
        }
        own.entries.reserveCapacity(fields.count)
        if upper - lower <= 2 * length {
            own.bytes = Array(bytes[Int(lower)..<Int(upper)])
            for var entry in fields {
                entry.start -= lower
                own.entries.append(entry)
            }
        } else {
            own.bytes.reserveCapacity(Int(length))
            for var entry in fields {
                let start = UInt32(own.bytes.count)
                own.bytes.append(bytes.span, entry.range)
                entry.start = start
                own.entries.append(entry)
            }
        }
        return own
    }

    /// Fields of event `index`.
    public func fields(of index: Int) -> ArraySlice<Entry> {
        let event = events[index]
        return entries[Int(event.fieldStart)..<Int(event.fieldStart) + Int(event.fieldCount)]
    }

    /// The first value of `field` in event `index`, as a range of `bytes`; nil if absent.
    ///
    /// No allocation.
    public func range(of field: FieldID, in index: Int) -> Range<Int>? {
        let event = events[index]
        var position = Int(event.fieldStart)
        let end = position + Int(event.fieldCount)
        while position < end {
            if entries[position].field == field { return entries[position].range }
            position += 1
        }
        return nil
    }

    /// The first value of `field` in event `index` as text (invalid UTF-8 repaired); nil if absent.
    ///
    /// Allocates.
    public func text(_ field: FieldID, in index: Int) -> String? {
        range(of: field, in: index).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    /// The first value of `field` in event `index` as an address.
    public func address(_ field: FieldID, in index: Int) -> IPAddress? {
        range(of: field, in: index).flatMap { IPAddress(bytes.span, $0) }
    }

    /// The first value of `field` in event `index` as a non-negative decimal integer.
    public func integer(_ field: FieldID, in index: Int) -> Int64? {
        guard let range = range(of: field, in: index), !range.isEmpty, range.count <= 18 else { return nil }
        var value: Int64 = 0
        for position in range {
            let byte = bytes[position]
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        return value
    }

    /// The name of a field of this batch.
    public func name(of field: FieldID) -> String {
        if field.isKnown {
            return Int(field.rawValue) < FieldID.knownNames.count
                ? FieldID.knownNames[Int(field.rawValue)] : "ext.?"
        }
        let index = Int(field.rawValue - FieldID.firstExtension)
        return index < extensionNames.count ? extensionNames[index] : "ext.?"
    }

    /// The field with that name, if this batch could hold it.
    public func field(named name: String) -> FieldID? {
        if let known = FieldID.known(name) { return known }
        return extensionNames.firstIndex(of: name).map {
            FieldID(rawValue: FieldID.firstExtension + UInt16($0))
        }
    }
}

/// Numbers for `ext.*` names, shared by the batches that one decoder makes.
///
/// Owned by one thread.
public struct FieldTable: Sendable {
    /// Names by number less `FieldID.firstExtension`.
    public private(set) var names: [String] = []
    private var numbers: [[UInt8]: UInt16] = [:]

    /// Most names a table takes; further ones share `ext.overflow`.
    ///
    /// Bound: 4,096 names of attacker-chosen JSON keys.
    public static let nameCountMax = 4_096

    /// An empty table.
    public init() {}

    /// The number of `name` (with its `ext.` prefix), assigned at first sight.
    public mutating func field(named name: [UInt8]) -> FieldID {
        if let number = numbers[name] { return FieldID(rawValue: number) }
        let text = String(decoding: name, as: UTF8.self)
        if let known = FieldID.known(text) { return known }
        guard names.count < FieldTable.nameCountMax else {
            if let number = numbers[Array("ext.overflow".utf8)] { return FieldID(rawValue: number) }
            return assign(Array("ext.overflow".utf8), "ext.overflow")
        }
        return assign(name, text)
    }

    /// The number of `name`, assigned at first sight.
    public mutating func field(named name: String) -> FieldID { field(named: Array(name.utf8)) }

    private mutating func assign(_ name: [UInt8], _ text: String) -> FieldID {
        let number = FieldID.firstExtension + UInt16(names.count)
        names.append(text)
        numbers[name] = number
        return FieldID(rawValue: number)
    }
}
