// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension EnvelopeReader {
    /// Longest HOSTNAME, APP-NAME, PROCID and MSGID of RFC 5424 section 6; longer ones are read and flagged.
    private static let hostLengthMax = 255
    private static let applicationLengthMax = 48
    private static let processLengthMax = 128
    private static let messageLengthMax = 32
    /// Longest name in structured data.
    private static let nameLengthMax = 32
    /// Most elements that are told from one another; a message with more is not searched for doubles.
    private static let elementCountMax = 64

    /// Reads `VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA`.
    ///
    /// - Returns: false when the text is none of that; the position is then undefined and the envelope as it
    ///   was.
    mutating func readModern(_ bytes: Span<UInt8>) -> Bool {
        let before = envelope
        if readVersion(bytes), readModernFields(bytes) { return true }
        envelope = before
        return false
    }

    private mutating func readVersion(_ bytes: Span<UInt8>) -> Bool {
        let start = position
        guard position < end, bytes[position].isDigit, bytes[position] != 0x30 else {
            // Some relays lose the version; a year takes its place.
            return false
        }
        while position < end, bytes[position].isDigit, position - start < 4 { position += 1 }
        if position - start == 4, position < end, bytes[position] == 0x2d {
            position = start
            return isModernWithoutVersion(bytes)
        }
        guard position - start < 4, position < end, bytes[position] == 0x20 else { return false }
        if position - start > 1 || bytes[start] != 0x31 { envelope.issues.insert(.badVersion) }
        position += 1
        return true
    }

    /// Whether an ISO stamp, a host, an application, `-` or anything, and an element follow: RFC 5424 whose
    /// version was lost.
    private mutating func isModernWithoutVersion(_ bytes: Span<UInt8>) -> Bool {
        var index = position
        var fields = 0
        while index < end, fields < 5 {
            let start = index
            while index < end, bytes[index] != 0x20 {
                if fields > 0, bytes[index] == 0x5b || bytes[index] == 0x3a { return false }
                index += 1
            }
            guard index > start, index < end else { return false }
            index += 1
            fields += 1
        }
        guard index < end, bytes[index] == 0x5b else { return false }
        var issues: ParseIssues = []
        let isWhole = skipElement(bytes, from: index, &issues) != nil
        if isWhole { envelope.issues.insert(.badVersion) }
        return isWhole
    }

    private mutating func readModernFields(_ bytes: Span<UInt8>) -> Bool {
        guard position < end else {
            envelope.issues.insert(.nonconformantHeader)
            return true
        }
        guard readModernStamp(bytes) else { return false }
        if envelope.form == .loose { return true }
        envelope.form = .rfc5424
        let isStamped = envelope.time.isPresent
        if isStamped { skipDoubledBlanks(bytes) }
        guard let host = token(bytes, EnvelopeReader.hostLengthMax) else { return false }
        // CyberArk: `<5>1 2026-10-05T04:00:00Z VAULT {"format":...`.
        if isStamped, position < end, bytes[position] == 0x7b {
            envelope.host = host.range
            envelope.issues.insert(.nonconformantHeader)
            envelope.form = .loose
            return true
        }
        guard let application = token(bytes, EnvelopeReader.applicationLengthMax),
            let processID = token(bytes, EnvelopeReader.processLengthMax),
            let messageID = token(bytes, EnvelopeReader.messageLengthMax)
        else { return false }
        // A header that breaks off is believed as far as it goes, but only behind a stamp.
        guard isStamped || !messageID.isMissing else { return false }
        envelope.host = host.range
        envelope.application = application.range
        envelope.processID = processID.range
        envelope.messageID = messageID.range
        splitProcess(bytes)
        readStructuredData(bytes)
        readLeftTag(bytes)
        if envelope.issues.contains(.nonconformantHeader) { envelope.form = .loose }
        return true
    }

    /// Blanks too many in front of the host, where what follows is a header only without them.
    ///
    /// A blank too many is also how an empty host looks: then one word less stands before the elements.
    private mutating func skipDoubledBlanks(_ bytes: Span<UInt8>) {
        guard position < end, bytes[position] == 0x20 else { return }
        var index = position
        while index < end, bytes[index] == 0x20 { index += 1 }
        let start = index
        for _ in 0..<4 {
            let word = index
            while index < end, bytes[index] != 0x20, bytes[index] != 0x5b { index += 1 }
            guard index > word, index + 1 < end, bytes[index] == 0x20 else { return }
            index += 1
        }
        guard bytes[index] == 0x5b || bytes[index] == 0x2d else { return }
        position = start
        envelope.issues.insert(.nonconformantHeader)
    }

    /// A relay may know neither application nor message id and leave the tag in the text:
    /// `- - - - radiusd[12]: x`.
    private mutating func readLeftTag(_ bytes: Span<UInt8>) {
        guard envelope.application.isEmpty, envelope.processID.isEmpty, envelope.messageID.isEmpty else {
            return
        }
        let text = position < end && bytes[position] == 0x20 ? position + 1 : position
        guard tagEnd(bytes, from: text) != nil else { return }
        position = text
        readTag(bytes)
    }

    /// Check Point: a blank instead of the `T`, as in `1 2026-10-05 04:00:00 cp1 CheckPoint 13752 - [...]`.
    private mutating func readDateAndClock(_ bytes: Span<UInt8>, _ date: Range<Int>) -> Bool {
        guard date.count == 10, bytes[date.lowerBound + 4] == 0x2d else { return false }
        var stop = date.upperBound + 1
        while stop < end, bytes[stop] != 0x20 { stop += 1 }
        var reader = StampReader(date.lowerBound, min(stop, end), context)
        guard stop > date.upperBound + 1, reader.readISO(bytes), reader.position == min(stop, end) else {
            return false
        }
        envelope.issues.insert(.nonconformantHeader)
        take(reader)
        position = min(stop + 1, end)
        return true
    }

    private mutating func readModernStamp(_ bytes: Span<UInt8>) -> Bool {
        let start = position
        while position < end, bytes[position] != 0x20 { position += 1 }
        let stop = position
        if position < end { position += 1 }
        if stop - start == 1, bytes[start] == 0x2d { return true }
        var reader = StampReader(start, stop, context)
        if reader.readISO(bytes), reader.position == stop {
            if reader.isLoose || reader.fractionDigits > 6 || !reader.hasOffset {
                envelope.issues.insert(.nonconformantHeader)
            }
            take(reader)
            return true
        }
        if readDateAndClock(bytes, start..<stop) { return true }
        // Cisco Meraki: `1 1380653443.857790533 MX84 flows ...`; of a file `2 123456789012 ...` is none.
        if envelope.issues.contains(.missingPriority), envelope.issues.contains(.badVersion) { return false }
        guard let epoch = EpochTime.read(bytes, start..<stop), stop - start > 10 else {
            return takeBadStamp(bytes, start..<stop)
        }
        envelope.time = epoch.time
        envelope.hasFraction = epoch.hasFraction
        envelope.issues.insert(.nonconformantHeader)
        envelope.form = .loose
        let host = position
        while position < end, bytes[position] != 0x20 { position += 1 }
        envelope.host = host..<position
        skipBlanks(bytes)
        return true
    }

    /// A stamp that cannot be read does not hide who sent the message, where the rest of a header follows it:
    /// host, application, process, message id, and `-` or an element.
    private mutating func takeBadStamp(_ bytes: Span<UInt8>, _ stamp: Range<Int>) -> Bool {
        guard let first = stamp.first, bytes[first].isDigit, stamp.count >= 8 else { return false }
        var index = position
        for _ in 0..<4 {
            let start = index
            while index < end, bytes[index] != 0x20 { index += 1 }
            guard index > start, index < end else { return false }
            index += 1
        }
        guard index < end else { return false }
        let isNil = bytes[index] == 0x2d && (index + 1 == end || bytes[index + 1] == 0x20)
        guard isNil || bytes[index] == 0x5b else { return false }
        envelope.issues.formUnion([.badTimestamp, .nonconformantHeader])
        return true
    }

    /// The next field and the blank after it; nil when it is empty within the text.
    private mutating func token(
        _ bytes: Span<UInt8>,
        _ lengthMax: Int
    ) -> (range: Range<Int>, isMissing: Bool)? {
        guard position < end else {
            envelope.issues.insert(.nonconformantHeader)
            return (end..<end, true)
        }
        let start = position
        var isPrintable = true
        while position < end, bytes[position] != 0x20 {
            if bytes[position] < 0x21 || bytes[position] > 0x7e { isPrintable = false }
            position += 1
        }
        if position == start, envelope.time.isPresent {
            // Nothing between two blanks, where `-` belongs.
            envelope.issues.insert(.nonconformantHeader)
            position += 1
            return (start..<start, false)
        }
        guard position > start else { return nil }
        if !isPrintable { envelope.issues.insert(.nonconformantHeader) }
        if position - start > lengthMax { envelope.issues.insert(.overlongField) }
        let range = start..<position
        if position < end { position += 1 }
        return (range.count == 1 && bytes[start] == 0x2d ? start..<start : range, false)
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

    /// `-`, or elements in brackets with nothing between them; what is malformed stays in the body.
    private mutating func readStructuredData(_ bytes: Span<UInt8>) {
        guard position < end else {
            envelope.issues.insert(.nonconformantHeader)
            return
        }
        if bytes[position] == 0x2d, position + 1 == end || bytes[position + 1] == 0x20 {
            position = min(position + 2, end)
            return
        }
        let start = position
        var isWhole = bytes[position] == 0x5b
        var names: [Range<Int>] = []
        while isWhole, position < end, bytes[position] == 0x5b {
            var issues: ParseIssues = []
            guard let stop = skipElement(bytes, from: position, &issues) else {
                isWhole = false
                break
            }
            envelope.issues.formUnion(issues)
            noteElement(bytes, &names, isLast: stop == end || bytes[stop] != 0x5b)
            position = stop
        }
        envelope.structuredData = start..<position
        if isWhole, position < end, bytes[position] != 0x20 { isWhole = false }
        if !isWhole { envelope.issues.insert(.badStructuredData) }
        if position < end, bytes[position] == 0x20 { position += 1 }
    }

    /// Tells elements of one name apart; a single element costs nothing.
    private mutating func noteElement(_ bytes: Span<UInt8>, _ names: inout [Range<Int>], isLast: Bool) {
        if isLast && names.isEmpty || envelope.issues.contains(.duplicateStructuredDataID) { return }
        var stop = position + 1
        while stop < end, isNameByte(bytes[stop]) || bytes[stop] == 0x3d { stop += 1 }
        let name = position + 1..<stop
        for other in names where other.count == name.count {
            var lane = 0
            while lane < name.count, bytes[other.lowerBound + lane] == bytes[name.lowerBound + lane] {
                lane += 1
            }
            if lane == name.count { envelope.issues.insert(.duplicateStructuredDataID) }
        }
        if names.count < EnvelopeReader.elementCountMax { names.append(name) }
    }

    /// Printable ASCII but `=`, `]` and the quote.
    private func isNameByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != 0x3d && byte != 0x5d && byte != 0x22
    }

    /// Where the element that opens at `start` ends; nil when it is malformed.
    ///
    /// A bracket inside quotes, which RFC 5424 wants escaped, is part of the value, and quotes may be
    /// missing; both are flagged. A backslash before anything but `"`, `\` and `]` stands for itself.
    func skipElement(_ bytes: Span<UInt8>, from start: Int, _ issues: inout ParseIssues) -> Int? {
        var index = start + 1
        guard let id = skipName(bytes, &index, &issues), id > 0 || index < end && bytes[index] == 0x3d else {
            return nil
        }
        if bytes[index] == 0x3d {
            // Some senders write a pair where the name of the element belongs.
            issues.insert(.badStructuredData)
            while index < end, isNameByte(bytes[index]) || bytes[index] == 0x3d { index += 1 }
        }
        while index < end {
            if bytes[index] == 0x5d { return index + 1 }
            guard bytes[index] == 0x20 else { return nil }
            while index < end, bytes[index] == 0x20 { index += 1 }
            if index < end, bytes[index] == 0x5d {
                issues.insert(.nonconformantHeader)
                return index + 1
            }
            guard let name = skipName(bytes, &index, &issues), name > 0, index + 1 < end,
                bytes[index] == 0x3d
            else { return nil }
            index += 1
            guard bytes[index] == 0x22 else {
                issues.insert(.badStructuredData)
                while index < end, isNameByte(bytes[index]) { index += 1 }
                continue
            }
            index += 1
            while index < end, bytes[index] != 0x22 {
                if bytes[index] == 0x5d { issues.insert(.badStructuredData) }
                let isEscape =
                    bytes[index] == 0x5c && index + 1 < end
                    && (bytes[index + 1] == 0x22 || bytes[index + 1] == 0x5c || bytes[index + 1] == 0x5d)
                index += isEscape ? 2 : 1
            }
            index += 1
        }
        return nil
    }

    /// Skips a name; its length.
    private func skipName(_ bytes: Span<UInt8>, _ index: inout Int, _ issues: inout ParseIssues) -> Int? {
        let start = index
        while index < end, isNameByte(bytes[index]) { index += 1 }
        guard index < end else { return nil }
        if index - start > EnvelopeReader.nameLengthMax { issues.insert(.overlongField) }
        return index - start
    }
}
