// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// What a record of the `records` stream is.
///
/// Raw values are stored and never reused.
public enum RecordKind: UInt8, Sendable, CaseIterable {
    /// Bytes as a device sent them.
    case device = 1
    /// Log time moved on while a deadline was pending and nothing arrived; no bytes.
    case tick = 2
    /// Start of an import: JSON with file name, content hash, reference time.
    case importBegin = 3
    /// End of an import: JSON with the content hash and the number of records.
    case importEnd = 4
    /// A site file came into force: JSON with role, name and SHA-256 of the bytes in `sets/`.
    case siteFact = 5
    /// A rule or decoder set came into force: JSON with role and the SHA-256 of each file in `sets/`.
    case activation = 6
    /// Bytes lost before the log: JSON with listener, count and interval.
    case loss = 7
    /// The writer opened the store: JSON with version and process facts.
    case start = 8
    /// The writer closed the store in order.
    case stop = 9
    /// What an operator decided about incidents, such as a benign close with scope and expiry: JSON.
    case act = 10
    /// Stands for a record that retention removed; no bytes, and nothing else of the record is left.
    case removed = 11
    /// What a listener refused or found wrong: JSON with listener, reason, peer, count and interval.
    case fault = 12
    /// How far a followed file has been read, after the records before it in the same batch: JSON.
    case position = 13
    /// An entry of the `journal` stream: one canonical JSON object.
    case fact = 32
}

/// How a record reached us.
///
/// Raw values are stored and never reused.
public enum Transport: UInt8, Sendable, CaseIterable {
    /// Written by Wardline itself.
    case `internal` = 0
    /// One datagram.
    case udp = 1
    /// One frame of a stream connection.
    case tcp = 2
    /// One line of a file.
    case file = 3
    /// One line of standard input.
    case standardInput = 4
    /// One frame of a stream connection inside TLS.
    case tls = 5
    /// One `syslog` command of a RELP connection.
    case relp = 6
    /// One datagram of a UNIX socket.
    case unix = 8
    /// One line or value of the body of an HTTP request.
    case http = 9
    /// One line of a file that is followed while it is written.
    case followed = 10
}

/// What framing noticed about a record.
///
/// Bits are stored and never reused.
public struct FrameFlags: OptionSet, Hashable, Sendable {
    /// The stored bits.
    public var rawValue: UInt16

    /// Wraps stored bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Cut at the listener's cap; `originalLength` has the full length.
    public static let truncated = FrameFlags(rawValue: 1 << 0)
    /// The connection ended inside this frame.
    public static let partial = FrameFlags(rawValue: 1 << 1)
    /// Found by an octet count (RFC 6587 section 3.4.1).
    public static let counted = FrameFlags(rawValue: 1 << 2)
    /// The octet count before or around this frame was wrong; the stream was re-synchronised here.
    public static let resynchronised = FrameFlags(rawValue: 1 << 3)
    /// Came through a JSON-lines listener.
    public static let jsonLines = FrameFlags(rawValue: 1 << 4)
    /// The receive time is a claim of the input file, not our own observation.
    public static let claimedReceiveTime = FrameFlags(rawValue: 1 << 5)
    /// Part of an import: has no receive time unless `claimedReceiveTime` is set.
    public static let imported = FrameFlags(rawValue: 1 << 6)
    /// Ended by NUL instead of LF.
    public static let nulDelimited = FrameFlags(rawValue: 1 << 7)
    /// A line of a file of claims that is none, or whose time or peer cannot be read: kept without that
    /// claim.
    public static let unreadableClaim = FrameFlags(rawValue: 1 << 8)
    /// Put together from the chunks of several datagrams (GELF), or, with `partial`, one chunk of a set that
    /// stayed incomplete.
    public static let chunked = FrameFlags(rawValue: 1 << 11)
    /// Sent with gzip or zlib; the record is what they hold, checked by their checksum.
    public static let inflated = FrameFlags(rawValue: 1 << 12)
    /// Chunking or compression could not be undone: the record is what was received.
    public static let unreadableCoding = FrameFlags(rawValue: 1 << 13)
    /// One entry of the journal export format.
    public static let journalEntry = FrameFlags(rawValue: 1 << 14)
}

/// Who a group of records came from; stored once per connection or datagram peer, not per record.
public struct Origin: Hashable, Sendable {
    /// Name of the listener, or the file's name for imports.
    public var listener: String
    /// How the bytes came.
    public var transport: Transport
    /// The observed peer address; nil for files without one.
    public var peer: IPAddress?
    /// The observed peer port; 0 if none.
    public var peerPort: UInt16
    /// Name in the verified peer certificate; empty if none.
    ///
    /// Never taken from the bytes of a record.
    public var identity: String

    /// Makes an origin.
    public init(
        listener: String,
        transport: Transport,
        peer: IPAddress? = nil,
        peerPort: UInt16 = 0,
        identity: String = ""
    ) {
        self.listener = listener
        self.transport = transport
        self.peer = peer
        self.peerPort = peerPort
        self.identity = identity
    }
}

/// Records on their way to or from the log: bytes in one buffer, integers per row.
///
/// Offsets are not part of a batch: the log assigns `base ..< base + rows.count` when it appends.
public struct RecordBatch: Sendable {
    /// One record: where its bytes lie and what was observed at receipt.
    public struct Row: Hashable, Sendable {
        /// What the record is.
        public var kind: RecordKind
        /// What framing noticed.
        public var flags: FrameFlags
        /// Index into `origins`.
        public var origin: UInt32
        /// Start of the kept bytes in `bytes`.
        public var start: Int
        /// Count of the kept bytes.
        public var length: Int
        /// Length before truncation; equals `length` unless `flags` has `truncated`.
        public var originalLength: Int
        /// Log time: never goes back within a stream.
        ///
        /// Set by the log owner at append.
        public var logTime: UTCTime
        /// Wall clock at receipt (for imports with claimed receive times, the claim); may go back.
        public var receiveTime: UTCTime

        /// Makes a row.
        public init(
            kind: RecordKind,
            flags: FrameFlags = [],
            origin: UInt32,
            start: Int,
            length: Int,
            originalLength: Int? = nil,
            logTime: UTCTime = .absent,
            receiveTime: UTCTime
        ) {
            self.kind = kind
            self.flags = flags
            self.origin = origin
            self.start = start
            self.length = length
            self.originalLength = originalLength ?? length
            self.logTime = logTime
            self.receiveTime = receiveTime
        }

        /// The bytes' place in the batch's buffer.
        public var range: Range<Int> { start..<start + length }
    }

    /// The bytes of all rows, in order.
    public var bytes: [UInt8]
    /// One row per record.
    public var rows: [Row]
    /// Distinct origins of the rows.
    public var origins: [Origin]

    /// An empty batch.
    public init() {
        bytes = []
        rows = []
        origins = []
    }

    /// Number of records.
    public var count: Int { rows.count }

    /// Some of the records, in the same storage.
    public func part(_ rows: Range<Int>) -> RecordBatch {
        var part = self
        part.rows = Array(self.rows[rows])
        return part
    }

    /// Adds (or finds) an origin and returns its index.
    ///
    /// Linear in the origins of this batch: call per connection.
    public mutating func index(of origin: Origin) -> UInt32 {
        if let last = origins.last, last == origin { return UInt32(origins.count - 1) }
        if let found = origins.firstIndex(of: origin) { return UInt32(found) }
        origins.append(origin)
        return UInt32(origins.count - 1)
    }

    /// Appends one record whose bytes are `range` of `source`.
    public mutating func append(
        _ source: Span<UInt8>,
        _ range: Range<Int>,
        kind: RecordKind,
        flags: FrameFlags = [],
        origin: UInt32,
        originalLength: Int? = nil,
        receiveTime: UTCTime
    ) {
        let start = bytes.count
        bytes.append(source, range)
        rows.append(
            Row(
                kind: kind,
                flags: flags,
                origin: origin,
                start: start,
                length: range.count,
                originalLength: originalLength,
                receiveTime: receiveTime
            )
        )
    }

    /// Appends one record.
    public mutating func append(
        _ source: [UInt8],
        kind: RecordKind,
        flags: FrameFlags = [],
        origin: UInt32,
        originalLength: Int? = nil,
        receiveTime: UTCTime
    ) {
        let start = bytes.count
        bytes.append(contentsOf: source)
        rows.append(
            Row(
                kind: kind,
                flags: flags,
                origin: origin,
                start: start,
                length: source.count,
                originalLength: originalLength,
                receiveTime: receiveTime
            )
        )
    }

    /// Copies the bytes of row `index`.
    public func payload(_ index: Int) -> [UInt8] {
        Array(bytes[rows[index].range])
    }
}
