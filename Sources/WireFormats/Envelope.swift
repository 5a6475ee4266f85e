// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What the header of a message says: ranges into the record, resolved time, oddities.
///
/// Empty ranges stand for what is absent; the nil value `-` is absent too.
public struct Envelope: Sendable {
    /// How much of a standard the header keeps to.
    public enum Form: UInt8, Sendable {
        /// No header: all is body.
        case raw
        /// Parts of a header, or one that breaks its standard.
        case loose
        /// RFC 3164.
        case rfc3164
        /// RFC 5424.
        case rfc5424
    }

    /// What the header turned out to be.
    public var form = Form.raw
    /// Name or address by which the device calls itself.
    public var host = 0..<0
    /// APP-NAME, or the tag without its colon and process.
    public var application = 0..<0
    /// PROCID.
    public var processID = 0..<0
    /// MSGID.
    public var messageID = 0..<0
    /// The well-formed elements, from bracket to bracket.
    public var structuredData = 0..<0
    /// Number that the device counts its messages by, in front of a Cisco stamp or mark.
    public var sequence = 0..<0
    /// How long a device without a clock has been up, in its own words: `2y10w`, `00:01:01`.
    public var uptime = 0..<0
    /// The message.
    public var body: Range<Int>
    /// Priority modulo 8; 255 when there is none.
    public var severity: UInt8 = 255
    /// Priority divided by 8; 255 when there is none.
    public var facility: UInt8 = 255
    /// The stamp, in UTC.
    public var time = UTCTime.absent
    /// Whether the stamp has parts of a second.
    public var hasFraction = false
    /// What was odd or assumed.
    public var issues: ParseIssues = []

    /// An envelope of which only the body is known.
    public init(body: Range<Int>) { self.body = body }
}

/// Reads RFC 5424 and RFC 3164 headers with their usual deviations; a message without any header is all body.
///
/// Nothing is refused: what a standard forbids becomes an issue. One pass over the header, no allocation
/// unless structured data has more than one element. Source: RFC 5424 section 6, RFC 3164 section 4, and the
/// habits of senders that `docs/syslog.md` lists.
public struct EnvelopeReader: Sendable {
    var position: Int
    let end: Int
    let context: StampContext
    var envelope: Envelope
    /// Whether another header stands before it.
    private var isRelayed = false

    private init(_ range: Range<Int>, _ context: StampContext) {
        position = range.lowerBound
        end = range.upperBound
        self.context = context
        envelope = Envelope(body: range)
    }

    /// The envelope of the message at `range`.
    ///
    /// One NUL, LF or CR LF at its end is not part of the body.
    public static func read(_ bytes: Span<UInt8>, _ range: Range<Int>, _ context: StampContext) -> Envelope {
        var end = range.upperBound
        if end > range.lowerBound, bytes[end - 1] == 0 { end -= 1 }
        if end > range.lowerBound, bytes[end - 1] == 0x0a { end -= 1 }
        if end > range.lowerBound, bytes[end - 1] == 0x0d { end -= 1 }
        var reader = EnvelopeReader(range.lowerBound..<end, context)
        reader.run(bytes)
        return reader.envelope
    }

    private mutating func run(_ bytes: Span<UInt8>) {
        _ = skipMark(bytes)
        guard position < end else {
            envelope.body = position..<end
            envelope.issues.insert(.emptyMessage)
            return
        }
        if bytes[position] == 0x7b {
            envelope.body = position..<end
            return
        }
        skipCount(bytes)
        let tornStart = readPriority(bytes)
        let start = position
        if !readModern(bytes) {
            position = start
            readLegacy(bytes)
        }
        // Without a header behind it, what looked like a torn priority is text.
        if envelope.form == .raw { position = tornStart ?? position }
        position = min(position, end)
        readRelayed(bytes)
        if skipMark(bytes), !UTF8Check.isValid(bytes, position..<end) { envelope.issues.insert(.badUTF8) }
        skipCookie(bytes)
        if position == end { envelope.issues.insert(.emptyMessage) }
        envelope.body = position..<end
    }

    /// A file may keep the count of octets that a stream had: `123 <34>1 ...`.
    private mutating func skipCount(_ bytes: Span<UInt8>) {
        var index = position
        while index < end, index - position < 6, bytes[index].isDigit { index += 1 }
        guard index > position, index + 2 < end, bytes[index] == 0x20, bytes[index + 1] == 0x3c,
            bytes[index + 2].isDigit
        else { return }
        position = index + 1
        envelope.issues.insert(.nonconformantHeader)
    }

    /// A relay may put a header of its own before that of the device, which counts then.
    ///
    /// Only where it names no program: what a program writes is its text, whatever it looks like.
    private mutating func readRelayed(_ bytes: Span<UInt8>) {
        guard !isRelayed, envelope.form != .raw, !envelope.host.isEmpty, envelope.application.isEmpty,
            envelope.processID.isEmpty, position < end
        else { return }
        var start = position
        while start < end, bytes[start].isBlank { start += 1 }
        guard start < end, bytes[start] == 0x3c || bytes[start].isWordByte else { return }
        var around = context
        // A stamp of the device without a year is of that of the relay.
        if envelope.time.isPresent, !envelope.issues.contains(.yearAssumed) {
            around.reference = envelope.time
        }
        var inner = EnvelopeReader(start..<end, around)
        inner.isRelayed = true
        inner.run(bytes)
        let found = inner.envelope
        guard found.time.isPresent, !found.host.isEmpty else { return }
        if found.severity == 255 {
            // Without a priority the mark of a process or vendor must follow.
            guard !found.processID.isEmpty || found.body.first.map({ bytes[$0] == 0x25 }) == true else {
                return
            }
            envelope.issues.formUnion(found.issues.subtracting(.missingPriority))
            (inner.envelope.severity, inner.envelope.facility) = (envelope.severity, envelope.facility)
            inner.envelope.issues = envelope.issues
        }
        envelope = inner.envelope
        envelope.issues.insert(.nonconformantHeader)
        envelope.form = .loose
        position = inner.position
    }

    /// `@cee:` announces JSON (Lumberjack, rsyslog's mmjsonparse); it is no part of it.
    private mutating func skipCookie(_ bytes: Span<UInt8>) {
        guard stands(HeaderPhrases.cookie, bytes, at: position) else { return }
        var index = position + HeaderPhrases.cookie.count
        while index < end, bytes[index].isBlank { index += 1 }
        if index < end, bytes[index] == 0x7b { position = index }
    }

    /// Skips a byte order mark; whether there was one.
    private mutating func skipMark(_ bytes: Span<UInt8>) -> Bool {
        guard end - position >= 3, bytes[position] == 0xef, bytes[position + 1] == 0xbb,
            bytes[position + 2] == 0xbf
        else { return false }
        position += 3
        return true
    }

    mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while position < end, bytes[position].isBlank { position += 1 }
    }

    /// Digits between angle brackets; of a number that is no priority, the header behind it still counts.
    ///
    /// - Returns: Where it began if another bracket closes it, as in `<190)1 `.
    private mutating func readPriority(_ bytes: Span<UInt8>) -> Int? {
        guard bytes[position] == 0x3c else {
            envelope.issues.insert(.missingPriority)
            return nil
        }
        let first = position + 1
        var index = first
        var value = 0
        while index < end, bytes[index].isDigit, index - first < 10 {
            value = value * 10 + Int(bytes[index] - 0x30)
            index += 1
        }
        guard index < end, bytes[index] == 0x3e else {
            envelope.issues.insert(.badPriority)
            guard index > first, index < end, bytes[index] == 0x29 || bytes[index] == 0x5d else { return nil }
            position = index + 1
            return first - 1
        }
        position = index + 1
        guard (1...3).contains(index - first), value <= 191 else {
            envelope.issues.insert(.badPriority)
            return nil
        }
        if index - first > 1, bytes[first] == 0x30 { envelope.issues.insert(.badPriority) }
        envelope.severity = UInt8(value & 7)
        envelope.facility = UInt8(value >> 3)
        return nil
    }

    mutating func take(_ reader: StampReader) {
        envelope.time = reader.time
        envelope.hasFraction = reader.hasFraction
        envelope.issues.formUnion(reader.issues)
    }

    /// Whether `phrase` stands at `start`.
    func stands(_ phrase: [UInt8], _ bytes: Span<UInt8>, at start: Int) -> Bool {
        guard end - start >= phrase.count else { return false }
        for lane in phrase.indices where bytes[start + lane] != phrase[lane] { return false }
        return true
    }
}

/// Words of relays and devices that take the place of a host or a tag.
enum HeaderPhrases {
    static let repeated = Array("last message repeated ".utf8)
    static let repeatedBehindHost = Array(" last message repeated ".utf8)
    static let forwarded = Array("Message forwarded from ".utf8)
    static let messageNumber = Array("[ID ".utf8)
    /// Names of levels, packed, last letter lowest.
    static let levels: Set<UInt64> = Set(
        [
            "info", "warn", "warning", "error", "debug", "trace", "fatal", "notice", "severe", "verbose",
            "critical", "fine", "finest", "trivia",
            // What firewalls of hosts begin their lines with, in the place of a level.
            "open", "close", "drop", "allow",
        ].map { $0.utf8.reduce(0) { $0 << 8 | UInt64($1) } }
    )
    /// All of one length.
    static let streams = ["stdout ", "stderr "].map { Array($0.utf8) }
    static let category = Array("CISE_".utf8)
    static let dash = Array(" - ".utf8)
    static let colon = Array(": ".utf8)
    static let cookie = Array("@cee:".utf8)
}
