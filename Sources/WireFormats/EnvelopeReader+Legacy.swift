// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

extension EnvelopeReader {
    /// Longest tag that is looked for; RFC 3164 allows 32.
    private static let tagLengthMax = 64
    /// Seconds with ten digits, a full stop, nine digits.
    private static let epochLength = 20
    /// Most words in front of a Cisco stamp: two counters, a host and the empty word of a lone colon.
    private static let prefixWordCountMax = 4

    /// Reads `STAMP HOST TAG[PROCESS]:` as far as it is there.
    mutating func readLegacy(_ bytes: Span<UInt8>) {
        skipBlanks(bytes)
        let start = position
        var device = 0..<0
        var hasStamp = readStamp(bytes, at: position) || readWeekdayStamp(bytes)
        if !hasStamp, readEpoch(bytes) {
            envelope.form = .loose
            return
        }
        if !hasStamp {
            hasStamp = readBehindPrefix(bytes, &device)
            if !hasStamp {
                position = start
                envelope.sequence = 0..<0
                envelope.application = 0..<0
            }
        }
        if !hasStamp, !readUptime(bytes, &device) {
            envelope.issues.insert(.missingTimestamp)
            position = start
            if !readNameBeforeMark(bytes, &device) { position = start }
            // Without priority and stamp nothing says that this is syslog, but for the mark of a process.
            guard envelope.severity != 255 || tagEnd(bytes, from: position) != nil else { return }
        }
        envelope.form = .loose
        if hasStamp, skipStream(bytes) {
            envelope.issues.insert(.missingHost)
            return
        }
        let selector = hasStamp && device.isEmpty ? readSelector(bytes) : nil
        // Lines of files end their stamp with a colon before the text.
        let isText =
            hasStamp && device.isEmpty && stands(HeaderPhrases.colon, bytes, at: position) && isOfFile
        if position < end, bytes[position] == 0x3a { position += 1 }
        skipBlanks(bytes)
        if isText || selector == .plain {
            envelope.issues.insert(.missingHost)
        } else if selector == .tabbed {
            if !readTabbedHost(bytes) { envelope.issues.insert(.missingHost) }
        } else if !device.isEmpty {
            envelope.host = device
        } else if !hasStamp {
            if !readBareHost(bytes) { envelope.issues.insert(.missingHost) }
        } else if !readHost(bytes) {
            envelope.issues.insert(.missingHost)
        } else if !envelope.issues.contains(.missingPriority), !envelope.issues.contains(.badPriority) {
            envelope.form = .rfc3164
        }
        if selector == nil, !envelope.host.isEmpty { _ = readSelector(bytes) }
        if stands(HeaderPhrases.repeated, bytes, at: position) || readEpoch(bytes) { return }
        readTag(bytes)
        skipMessageNumber(bytes)
        readElements(bytes)
    }

    /// Container runtimes put the stream and whether a line is whole behind the stamp: `stdout F text`.
    private mutating func skipStream(_ bytes: Span<UInt8>) -> Bool {
        guard isOfFile, position < end, bytes[position] == 0x20 else { return false }
        let stream = position + 1
        guard HeaderPhrases.streams.contains(where: { stands($0, bytes, at: stream) }),
            let length = HeaderPhrases.streams.first?.count, stream + length + 1 < end,
            bytes[stream + length] == 0x46 || bytes[stream + length] == 0x50,
            bytes[stream + length + 1] == 0x20
        else { return false }
        position = stream + length + 2
        return true
    }

    /// Solaris numbers its messages behind the tag: `sshd[42]: [ID 800047 auth.info] text`.
    private mutating func skipMessageNumber(_ bytes: Span<UInt8>) {
        guard stands(HeaderPhrases.messageNumber, bytes, at: position) else { return }
        var index = position + HeaderPhrases.messageNumber.count
        let digits = index
        while index < end, bytes[index].isDigit { index += 1 }
        guard index > digits, index < end, bytes[index] == 0x20 else { return }
        index += 1
        while index < end, bytes[index].isWordByte || bytes[index] == 0x2e { index += 1 }
        guard index < end, bytes[index] == 0x5d else { return }
        position = index + 1
        skipBlanks(bytes)
    }

    /// Nanoseconds since 1970, the device and a kind, as Meraki writes without a header of its own or behind
    /// one of a relay: `1791172800.834663913 mx-1 events text`.
    private mutating func readEpoch(_ bytes: Span<UInt8>) -> Bool {
        var stop = position
        while stop < end, stop - position < EnvelopeReader.epochLength,
            bytes[stop].isDigit || bytes[stop] == 0x2e
        { stop += 1 }
        guard stop - position == EnvelopeReader.epochLength, stop < end, bytes[stop] == 0x20,
            bytes[stop - 10] == 0x2e, let epoch = EpochTime.read(bytes, position..<stop)
        else { return false }
        var index = stop + 1
        while index < end, bytes[index] != 0x20 { index += 1 }
        guard index > stop + 1, index + 1 < end, bytes[index + 1].folded >= 0x61,
            bytes[index + 1].folded <= 0x7a
        else { return false }
        envelope.time = epoch.time
        envelope.hasFraction = epoch.hasFraction
        envelope.issues.remove(.missingTimestamp)
        envelope.issues.remove(.missingHost)
        envelope.host = stop + 1..<index
        position = index + 1
        return true
    }

    /// Where `NAME[PROCESS]:` ends that stands at `start`; nil if there is none.
    func tagEnd(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < end, index - start < EnvelopeReader.tagLengthMax,
            bytes[index].isWordByte || [0x2d, 0x2e, 0x2f].contains(bytes[index])
        { index += 1 }
        return index > start ? processNumber(bytes, at: index)?.end : nil
    }

    /// `[PROCESS]:` at `start`, and where it ends; nil if it does not stand there.
    private func processNumber(_ bytes: Span<UInt8>, at start: Int) -> (digits: Range<Int>, end: Int)? {
        guard start < end, bytes[start] == 0x5b else { return nil }
        var index = start + 1
        while index < end, index - start <= 10, bytes[index].isDigit { index += 1 }
        guard index > start + 1, index + 1 < end, bytes[index] == 0x5d, bytes[index + 1] == 0x3a else {
            return nil
        }
        return (start + 1..<index, index + 2)
    }

    /// The process number of `NAME   [PROCESS]:`, as programs pad their tags in files; nil if none follows.
    private func paddedTag(_ bytes: Span<UInt8>, from start: Int) -> (digits: Range<Int>, end: Int)? {
        var index = start
        while index < end, bytes[index] == 0x20 { index += 1 }
        return index > start ? processNumber(bytes, at: index) : nil
    }

    /// A host without a stamp before it, which only the mark of a process behind it tells from other words.
    ///
    /// The mark of a vendor does so too: `ftd-1 %FTD-6-113005: text`.
    private mutating func readBareHost(_ bytes: Span<UInt8>) -> Bool {
        let start = position
        var index = start
        while index < end, index - start < EnvelopeReader.tagLengthMax,
            bytes[index].isWordByte || bytes[index] == 0x2d || bytes[index] == 0x2e
        { index += 1 }
        guard index > start, index + 2 < end, bytes[index] == 0x20 else { return false }
        let isMarked = bytes[index + 1] == 0x25 && (0x41...0x5a).contains(bytes[index + 2])
        guard isMarked || tagEnd(bytes, from: index + 1) != nil else { return false }
        envelope.host = start..<index
        position = index + 1
        return true
    }

    mutating func readStamp(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        guard end - start >= 14 else { return false }
        var reader = StampReader(start, end, context)
        guard reader.read(bytes, from: start) else { return false }
        take(reader)
        position = reader.position
        return true
    }

    /// Cisco: message counters and host before the stamp, `*` or `.` for a clock that is not in step.
    private mutating func readBehindPrefix(_ bytes: Span<UInt8>, _ device: inout Range<Int>) -> Bool {
        for _ in 0..<EnvelopeReader.prefixWordCountMax {
            if position < end, bytes[position] == 0x3a {
                position += 1
                skipBlanks(bytes)
            }
            guard position < end else { return false }
            let isDrifting = bytes[position] == 0x2a || bytes[position] == 0x2e
            if readStamp(bytes, at: isDrifting ? position + 1 : position) {
                if isDrifting { envelope.issues.insert(.clockUnsynchronised) }
                // A word before the stamp is a device only where a vendor mark follows it.
                if device.isEmpty || !envelope.sequence.isEmpty || marks(bytes, at: position) { return true }
                envelope.time = .absent
                return false
            }
            if let stop = nodeEnd(bytes), readStamp(bytes, at: stop) { return true }
            guard let word = prefixWord(bytes) else { break }
            note(word, bytes, &device)
        }
        return false
    }

    /// Where the part of the router ends that IOS XR puts in front of its stamp: `RP/0/RP0/CPU0:`.
    private func nodeEnd(_ bytes: Span<UInt8>) -> Int? {
        var index = position
        var slashes = 0
        while index < end, index - position < EnvelopeReader.tagLengthMax,
            bytes[index].isWordByte || bytes[index] == 0x2f
        {
            if bytes[index] == 0x2f { slashes += 1 }
            index += 1
        }
        return slashes > 1 && index < end && bytes[index] == 0x3a ? index + 1 : nil
    }

    /// A counter and the name of the device before a vendor mark, without a stamp: `123030: sw9: %SYS-5-...`.
    private mutating func readNameBeforeMark(_ bytes: Span<UInt8>, _ device: inout Range<Int>) -> Bool {
        for _ in 0..<EnvelopeReader.prefixWordCountMax {
            guard let word = prefixWord(bytes) else { break }
            note(word, bytes, &device)
        }
        guard !device.isEmpty, !envelope.sequence.isEmpty, envelope.application.isEmpty, position < end,
            bytes[position] == 0x25
        else {
            device = 0..<0
            envelope.sequence = 0..<0
            envelope.application = 0..<0
            return false
        }
        return true
    }

    /// A counter, the name of the device, or behind `*` the task of a wireless controller.
    private mutating func note(
        _ word: (range: Range<Int>, isCounter: Bool),
        _ bytes: Span<UInt8>,
        _ device: inout Range<Int>
    ) {
        if word.isCounter {
            envelope.sequence = word.range
        } else if word.range.lowerBound > 0, bytes[word.range.lowerBound - 1] == 0x2a {
            envelope.application = word.range
        } else {
            device = word.range
        }
    }

    /// A word that ends in a colon and a blank, which are skipped.
    private mutating func prefixWord(_ bytes: Span<UInt8>) -> (range: Range<Int>, isCounter: Bool)? {
        let start = position < end && bytes[position] == 0x2a ? position + 1 : position
        var index = start
        var isCounter = true
        while index < end, index - start < EnvelopeReader.tagLengthMax,
            bytes[index].isWordByte || bytes[index] == 0x2d || bytes[index] == 0x2e
        {
            if !bytes[index].isDigit { isCounter = false }
            index += 1
        }
        guard index > start, index + 1 < end, bytes[index] == 0x3a, bytes[index + 1] == 0x20 else {
            return nil
        }
        position = index + 1
        skipBlanks(bytes)
        return (start..<index, isCounter)
    }

    /// Whether `: %` or ` %` stands there: a vendor mark behind its stamp.
    private func marks(_ bytes: Span<UInt8>, at start: Int) -> Bool {
        var index = start
        while index < end, bytes[index] == 0x3a || bytes[index] == 0x20 { index += 1 }
        return index < end && (bytes[index] == 0x25 || bytes[index] == 0x23)
    }

    /// Cisco devices without a clock: `[29: ][sw1: ]00:01:01: %...` or `2y10w: %...`; the time stays absent.
    private mutating func readUptime(_ bytes: Span<UInt8>, _ device: inout Range<Int>) -> Bool {
        let start = position
        device = 0..<0
        for _ in 0..<EnvelopeReader.prefixWordCountMax {
            var index = position
            var units = 0
            while index < end, bytes[index].isDigit || isUptimeUnit(bytes[index]) {
                if !bytes[index].isDigit { units += 1 }
                index += 1
            }
            // The colon before the mark is one of those counted.
            if units > 1, bytes[position].isDigit, index < end, bytes[index - 1] == 0x3a,
                bytes[index] == 0x20,
                marks(bytes, at: index)
            {
                envelope.uptime = position..<index - 1
                position = index
                envelope.issues.insert(.missingTimestamp)
                return true
            }
            guard let word = prefixWord(bytes) else { break }
            note(word, bytes, &device)
        }
        envelope.sequence = 0..<0
        envelope.application = 0..<0
        device = 0..<0
        position = start
        return false
    }

    /// `y`, `w`, `d`, `h` and the colon.
    private func isUptimeUnit(_ byte: UInt8) -> Bool {
        byte == 0x3a || byte == 0x79 || byte == 0x77 || byte == 0x64 || byte == 0x68
    }

    /// Reads the host behind the stamp, if the next word can be one.
    private mutating func readHost(_ bytes: Span<UInt8>) -> Bool {
        if stands(HeaderPhrases.repeated, bytes, at: position) { return false }
        if stands(HeaderPhrases.forwarded, bytes, at: position) {
            position += HeaderPhrases.forwarded.count
            let start = position
            while position < end, bytes[position] != 0x3a, bytes[position] != 0x20 { position += 1 }
            envelope.host = start..<position
            if position < end, bytes[position] == 0x3a { position += 1 }
            skipBlanks(bytes)
            return true
        }
        guard let word = hostWord(bytes), !isLevel(bytes, word.range) else { return false }
        position = word.next
        envelope.host = word.range
        skipBlanks(bytes)
        if position + 1 < end, bytes[position] == 0x3a, bytes[position + 1] == 0x20 {
            position += 1
            skipBlanks(bytes)
        }
        return !word.range.isEmpty
    }

    /// Whether the word of a line of a file, which has no priority, is a level:
    /// `2026-10-05T04:00:00Z INFO text`.
    private func isLevel(_ bytes: Span<UInt8>, _ word: Range<Int>) -> Bool {
        guard envelope.issues.contains(.missingPriority), word.count >= 4, word.count <= 8 else {
            return false
        }
        var name: UInt64 = 0
        for index in word { name = name << 8 | UInt64(bytes[index].folded) }
        return HeaderPhrases.levels.contains(name)
    }

    /// Whether the line has no priority, as lines of files have none.
    private var isOfFile: Bool { envelope.issues.contains(.missingPriority) }

    /// The next word, if it is a host: not a tag (which ends in `:` or holds `[`) and not a key of a pair.
    private func hostWord(_ bytes: Span<UInt8>) -> (range: Range<Int>, next: Int)? {
        guard position < end, bytes[position] != 0x25, bytes[position] != 0x7b else { return nil }
        let start = position
        let isBracketed = bytes[start] == 0x5b
        var index = isBracketed ? start + 1 : start
        var colons = 0
        // Of a line of a file, columns, pairs and what counts are no host; UniFi puts commas into its name.
        var isNumber = true
        var hasLetter = false
        while index < end, bytes[index] != 0x20 {
            let byte = bytes[index]
            if byte == 0x5b || byte == 0x3d || byte == 0x28 { return nil }
            // `1,2026/10/05` are columns.
            if byte == 0x2c, isOfFile || bytes[start].isDigit { return nil }
            if byte == 0x3a { colons += 1 }
            if !byte.isDigit { isNumber = false }
            if byte.isWordByte { hasLetter = true }
            index += 1
        }
        guard index > start,
            !isOfFile || !isNumber && (hasLetter || index - start == 1 && bytes[start] == 0x2d)
        else { return nil }
        if isBracketed {
            guard bytes[index - 1] == 0x5d, IPAddress(bytes, start + 1..<index - 1) != nil else { return nil }
            return (start + 1..<index - 1, index)
        }
        if index - start == 1, bytes[start] == 0x2d { return (start..<start, index) }
        // Of a file a single capital is a level, and what a process number follows a program.
        if isOfFile, index - start == 1, (0x41...0x5a).contains(bytes[start]) { return nil }
        if isOfFile, index + 1 < end, bytes[index + 1] == 0x20, paddedTag(bytes, from: index) != nil {
            return nil
        }
        guard bytes[index - 1] == 0x3a else {
            let isPair = colons > 0 && isOfFile && IPAddress(bytes, start..<index) == nil
            return isPair ? nil : (start..<index, index)
        }
        // An address may be followed by the colon of an empty tag; the longest address counts.
        if colons > 2, IPAddress(bytes, start..<index) != nil { return (start..<index, index) }
        if IPAddress(bytes, start..<index - 1) != nil { return (start..<index - 1, index) }
        let isRepetition = stands(HeaderPhrases.repeatedBehindHost, bytes, at: index)
        return isRepetition ? (start..<index - 1, index) : nil
    }

    /// `app:`, `app[process]:`, `app - ` or the category of Cisco ISE; a message without any is all body.
    mutating func readTag(_ bytes: Span<UInt8>) {
        var index = position
        while index < end, index - position <= EnvelopeReader.tagLengthMax, !bytes[index].isBlank,
            bytes[index] != 0x3a, bytes[index] != 0x5b
        {
            index += 1
        }
        guard index < end, index > position, bytes[position] != 0x25, bytes[position] != 0x7b else { return }
        let name = position..<index
        if bytes[index] == 0x5b {
            var close = index
            while close < end, bytes[close] != 0x5d { close += 1 }
            guard close < end else { return }
            envelope.application = name
            envelope.processID = index + 1..<close
            position = close + 1
            if position < end, bytes[position] == 0x3a { position += 1 }
        } else if bytes[index] == 0x3a, index + 1 == end || bytes[index + 1] == 0x20 {
            position = index + 1
            if !takeBeforeMark(bytes, name) {
                envelope.application = name
                splitBrackets(bytes)
            }
        } else if isOfFile, let tag = paddedTag(bytes, from: index) {
            envelope.application = name
            envelope.processID = tag.digits
            position = tag.end
        } else if bytes[index] == 0x20, stands(HeaderPhrases.category, bytes, at: position) {
            envelope.application = name
            position = index
        } else if bytes[index] == 0x20, isDash(bytes, name) || stands(HeaderPhrases.dash, bytes, at: index) {
            let isNil = isDash(bytes, name)
            // `10.0.0.9 - - [...` is how web servers begin a line.
            let isName = IPAddress(bytes, name) == nil && !name.contains { bytes[$0] == 0x7c }
            guard isNil || !envelope.host.isEmpty && isName else { return }
            if !isNil { envelope.application = name }
            position = isNil ? index : index + 3
        }
        skipBlanks(bytes)
    }

    /// `dnsmasq-dhcp(7):` puts the process between round brackets; a word there is part of the name.
    private mutating func splitBrackets(_ bytes: Span<UInt8>) {
        let name = envelope.application
        guard let last = name.last, bytes[last] == 0x29 else { return }
        var first = last
        while first > name.lowerBound, bytes[first - 1].isDigit { first -= 1 }
        guard first < last, first - 1 > name.lowerBound, bytes[first - 1] == 0x28 else { return }
        envelope.application = name.lowerBound..<first - 1
        envelope.processID = first..<last
    }

    /// `sw01 45: %...` counts messages and `sw01: %...` names the device, which the stamp stands before.
    private mutating func takeBeforeMark(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        guard position + 1 < end, bytes[position + 1] == 0x25 else { return false }
        for index in name where !bytes[index].isDigit {
            guard envelope.host.isEmpty else { return false }
            envelope.host = name
            envelope.issues.remove(.missingHost)
            return true
        }
        envelope.sequence = name
        return true
    }

    private func isDash(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        name.count == 1 && bytes[name.lowerBound] == 0x2d
    }

    /// rsyslog writes elements of RFC 5424 behind the tag: `rsyslogd: [origin software="rsyslogd"] start`.
    private mutating func readElements(_ bytes: Span<UInt8>) {
        let start = position
        while position < end, bytes[position] == 0x5b {
            var issues: ParseIssues = []
            guard let stop = skipElement(bytes, from: position, &issues), bytes[stop - 2] == 0x22 else {
                break
            }
            position = stop
        }
        guard position > start else { return }
        envelope.structuredData = start..<position
        skipBlanks(bytes)
    }
}
