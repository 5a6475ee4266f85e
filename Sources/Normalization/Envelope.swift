// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What the header of a message says: ranges into the record, resolved time, oddities.
struct Envelope {
    var host = 0..<0
    var application = 0..<0
    var processID = 0..<0
    var messageID = 0..<0
    var structuredData = 0..<0
    var body: Range<Int>
    var severity: UInt8 = 255
    var time = UTCTime.absent
    var hasFraction = false
    var issues: ParseIssues = []
}

/// How stamps without year or zone are resolved: against the record's own reference, never against today.
struct StampContext {
    var reference: UTCTime
    var offsetSeconds: Int
}

/// Reads RFC 5424 and RFC 3164 headers with their usual deviations; a message without any header is all body.
struct EnvelopeReader {
    private var position: Int
    private let end: Int
    private let context: StampContext
    private var envelope: Envelope

    private init(_ range: Range<Int>, _ context: StampContext) {
        position = range.lowerBound
        end = range.upperBound
        self.context = context
        envelope = Envelope(body: range)
    }

    /// The envelope of the message at `range`.
    static func read(_ bytes: Span<UInt8>, _ range: Range<Int>, _ context: StampContext) -> Envelope {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] == 0x0a || bytes[end - 1] == 0x0d || bytes[end - 1] == 0
        { end -= 1 }
        var reader = EnvelopeReader(range.lowerBound..<end, context)
        reader.run(bytes)
        return reader.envelope
    }

    private mutating func run(_ bytes: Span<UInt8>) {
        skipMark(bytes)
        guard position < end else {
            envelope.body = position..<end
            envelope.issues.insert(.emptyMessage)
            return
        }
        if bytes[position] == 0x7b {
            envelope.body = position..<end
            return
        }
        readPriority(bytes)
        let start = position
        if !readModern(bytes) {
            position = start
            readLegacy(bytes)
        }
        skipMark(bytes)
        envelope.body = position..<end
    }

    private mutating func skipMark(_ bytes: Span<UInt8>) {
        if end - position >= 3, bytes[position] == 0xef, bytes[position + 1] == 0xbb,
            bytes[position + 2] == 0xbf
        {
            position += 3
        }
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while position < end, bytes[position].isBlank { position += 1 }
    }

    private mutating func readPriority(_ bytes: Span<UInt8>) {
        guard bytes[position] == 0x3c else {
            envelope.issues.insert(.missingPriority)
            return
        }
        var index = position + 1
        var value = 0
        while index < end, bytes[index].isDigit, index - position <= 3 {
            value = value * 10 + Int(bytes[index] - 0x30)
            index += 1
        }
        guard index < end, bytes[index] == 0x3e, index > position + 1, value <= 191 else {
            envelope.issues.insert(.badPriority)
            return
        }
        envelope.severity = UInt8(value & 7)
        position = index + 1
    }

    private mutating func token(_ bytes: Span<UInt8>) -> Range<Int>? {
        let start = position
        while position < end, bytes[position] != 0x20 { position += 1 }
        guard position > start else { return nil }
        let token = start..<position
        if position < end { position += 1 }
        return token.count == 1 && bytes[start] == 0x2d ? start..<start : token
    }

    private mutating func readModern(_ bytes: Span<UInt8>) -> Bool {
        guard let version = token(bytes), version.count == 1, bytes[version.lowerBound].isDigit else {
            return false
        }
        guard let stamp = token(bytes) else { return false }
        if !stamp.isEmpty {
            var reader = StampReader(stamp.lowerBound, stamp.upperBound, context)
            guard reader.readISO(bytes), reader.position == stamp.upperBound else { return false }
            take(reader)
        }
        guard let host = token(bytes), let application = token(bytes), let processID = token(bytes),
            let messageID = token(bytes)
        else { return false }
        envelope.host = host
        envelope.application = application
        envelope.processID = processID
        envelope.messageID = messageID
        splitProcess(bytes)
        let dataStart = position
        if position < end, bytes[position] == 0x5b {
            while position < end, bytes[position] == 0x5b {
                guard skipElement(bytes) else {
                    envelope.issues.insert(.badStructuredData)
                    position = dataStart
                    break
                }
            }
            envelope.structuredData = dataStart..<position
        } else if position < end, bytes[position] == 0x2d {
            position += 1
        }
        if position < end, bytes[position] == 0x20 { position += 1 }
        return true
    }

    /// Splits `sshd[88]`, which some senders put into the application.
    private mutating func splitProcess(_ bytes: Span<UInt8>) {
        let name = envelope.application
        guard let last = name.last, bytes[last] == 0x5d else { return }
        for index in name where bytes[index] == 0x5b && index > name.lowerBound {
            envelope.application = name.lowerBound..<index
            if envelope.processID.isEmpty { envelope.processID = index + 1..<last }
            return
        }
    }

    private mutating func skipElement(_ bytes: Span<UInt8>) -> Bool {
        var isQuoted = false
        while position < end {
            let byte = bytes[position]
            position += 1
            if isQuoted, byte == 0x5c { position += 1 } else if byte == 0x22 { isQuoted.toggle() }
            if !isQuoted, byte == 0x5d { return position <= end }
        }
        return false
    }

    private mutating func take(_ reader: StampReader) {
        envelope.time = reader.time
        envelope.hasFraction = reader.hasFraction
        envelope.issues.formUnion(reader.issues)
    }

    private mutating func readLegacy(_ bytes: Span<UInt8>) {
        skipBlanks(bytes)
        skipSequence(bytes)
        let start = position
        var reader = StampReader(position, end, context)
        if reader.readLegacy(bytes) || reader.readISO(bytes, from: start) {
            take(reader)
            position = reader.position
            if position < end, bytes[position] == 0x3a { position += 1 }
            skipBlanks(bytes)
        } else {
            envelope.issues.insert(.missingTimestamp)
            position = start
            if envelope.severity == 255 { return }
        }
        let bodyStart = position
        if envelope.time.isPresent, isLegacyHost(bytes) {
            envelope.host = token(bytes) ?? 0..<0
            if let last = envelope.host.last, bytes[last] == 0x3a {
                envelope.host = envelope.host.lowerBound..<last
            }
            skipBlanks(bytes)
            if position + 1 < end, bytes[position] == 0x3a, bytes[position + 1] == 0x20 { position += 2 }
        } else {
            position = bodyStart
            envelope.issues.insert(.missingHost)
        }
        readTag(bytes)
    }

    /// Cisco: message counts and host before the stamp, `*` or `.` for a clock that is not in step.
    private mutating func skipSequence(_ bytes: Span<UInt8>) {
        var index = position
        while index < end, bytes[index].isDigit { index += 1 }
        if index < end, bytes[index] == 0x3a, index + 1 < end, bytes[index + 1] == 0x20 {
            position = index + 2
        }
        if position < end, bytes[position] == 0x3a { position += 1 }
        skipBlanks(bytes)
        if position < end, bytes[position] == 0x2a || bytes[position] == 0x2e {
            envelope.issues.insert(.clockUnsynchronised)
            position += 1
        }
    }

    /// Whether the next token is a host: not a tag (which ends in `:` or holds `[`), and something follows
    /// it.
    private func isLegacyHost(_ bytes: Span<UInt8>) -> Bool {
        var index = position
        guard index < end, bytes[index] != 0x25, bytes[index] != 0x7b else { return false }
        while index < end, bytes[index] != 0x20 {
            if bytes[index] == 0x5b || bytes[index] == 0x3d || bytes[index] == 0x28 { return false }
            index += 1
        }
        guard index > position, index < end else { return false }
        return bytes[index - 1] != 0x3a
    }

    /// `app:`, `app[pid]:` or `app: `; a message without either is all body.
    private mutating func readTag(_ bytes: Span<UInt8>) {
        var index = position
        while index < end, index - position <= 64, !bytes[index].isBlank, bytes[index] != 0x3a,
            bytes[index] != 0x5b
        {
            index += 1
        }
        guard index < end, index > position, bytes[position] != 0x25, bytes[position] != 0x7b else { return }
        let name = position..<index
        var close = index
        if bytes[index] == 0x5b {
            while close < end, bytes[close] != 0x5d { close += 1 }
            guard close < end else { return }
            envelope.application = name
            envelope.processID = index + 1..<close
            position = close + 1
            if position < end, bytes[position] == 0x3a { position += 1 }
        } else if bytes[index] == 0x3a, index + 1 == end || bytes[index + 1] == 0x20 {
            envelope.application = name
            position = index + 1
        } else if bytes[index].isBlank, isCategory(bytes, name) {
            envelope.application = name
            position = index
        }
        skipBlanks(bytes)
    }

    /// Cisco ISE and ACS write their category as a tag without a colon.
    private func isCategory(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        let prefix: [UInt8] = [0x43, 0x49, 0x53, 0x45, 0x5f]
        guard name.count > prefix.count else { return false }
        for lane in prefix.indices where bytes[name.lowerBound + lane] != prefix[lane] { return false }
        return true
    }
}
