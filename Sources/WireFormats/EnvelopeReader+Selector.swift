// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Facility and level in words, which syslog daemons write into files in the place of the priority:
/// `ward7 auth.info sshd[7]:` (BusyBox), `<auth.info> ward7 sshd[7]:` (FreeBSD), `ward7 auth|security:info
/// sshd[7]:` (AIX), and Kiwi between tabs with the address of the sender.
extension EnvelopeReader {
    /// How the words stand in the line.
    enum Selector {
        /// Between angle brackets, in front of the host.
        case bracketed
        /// Alone.
        case plain
        /// Between tabs: the address of the sender follows, then what it sent.
        case tabbed
    }

    /// Longest selector: `auth|security:critical` with its brackets, and some room.
    private static let selectorLengthMax = 32

    /// Skips the words if they stand next, and takes the level where no priority gave one.
    mutating func readSelector(_ bytes: Span<UInt8>) -> Selector? {
        let start = position
        var isTabbed = false
        while position < end, bytes[position].isBlank {
            if bytes[position] == 0x09 { isTabbed = true }
            position += 1
        }
        if let selector = selector(bytes, isTabbed: isTabbed) { return selector }
        position = start
        return nil
    }

    private mutating func selector(_ bytes: Span<UInt8>, isTabbed: Bool) -> Selector? {
        guard position < end else { return nil }
        let isBracketed = bytes[position] == 0x3c
        let first = isBracketed ? position + 1 : position
        var index = first
        var facilityStart = first
        var levelStart: Int?
        while index < end, index - first < EnvelopeReader.selectorLengthMax {
            let byte = bytes[index]
            if byte == 0x2e || byte == 0x3a {
                guard levelStart == nil else { return nil }
                levelStart = index + 1
            } else if byte == 0x7c, levelStart == nil {
                facilityStart = index + 1
            } else if !byte.isWordByte {
                break
            }
            index += 1
        }
        guard let levelStart, index < end,
            let facility = SelectorWords.facility(bytes, facilityStart..<levelStart - 1, isBracketed),
            let level = SelectorWords.level(bytes, levelStart..<index, isBracketed)
        else { return nil }
        if isBracketed {
            guard bytes[index] == 0x3e else { return nil }
            index += 1
        }
        guard index < end, bytes[index].isBlank, isBracketed || isTabbed || isTag(bytes, behind: index) else {
            return nil
        }
        let isTabbed = isTabbed && bytes[index] == 0x09
        position = index
        skipBlanks(bytes)
        if envelope.severity == 255 { (envelope.severity, envelope.facility) = (level, facility) }
        return isBracketed ? .bracketed : isTabbed ? .tabbed : .plain
    }

    /// Whether the next word ends in a colon, as a tag does.
    private func isTag(_ bytes: Span<UInt8>, behind start: Int) -> Bool {
        var index = start
        while index < end, bytes[index].isBlank { index += 1 }
        let word = index
        while index < end, !bytes[index].isBlank, index - word < 96 { index += 1 }
        return index > word + 1 && bytes[index - 1] == 0x3a
    }

    /// Reads a column up to its tab as the host; what the host sent stands behind it.
    mutating func readTabbedHost(_ bytes: Span<UInt8>) -> Bool {
        let start = position
        var index = start
        while index < end, index - start < EnvelopeReader.selectorLengthMax * 2, bytes[index] != 0x09 {
            guard !bytes[index].isBlank else { return false }
            index += 1
        }
        guard index > start, index < end, bytes[index] == 0x09 else { return false }
        envelope.host = start..<index
        position = index + 1
        skipBlanks(bytes)
        return true
    }

    /// The stamp behind a day of the week, where the words follow: `Mon Oct  5 04:00:00 2026 auth.info x:`.
    mutating func readWeekdayStamp(_ bytes: Span<UInt8>) -> Bool {
        let (start, before) = (position, envelope)
        guard end - start > 20, bytes[start + 3] == 0x20, SelectorWords.isWeekday(bytes, start),
            readStamp(bytes, at: start + 4)
        else { return false }
        let afterStamp = position
        if readSelector(bytes) == .plain {
            position = afterStamp
            return true
        }
        (position, envelope) = (start, before)
        return false
    }
}

/// Names of facilities and levels.
enum SelectorWords {
    private static func packed(_ name: String) -> UInt64 { name.utf8.reduce(0) { $0 << 8 | UInt64($1) } }

    /// In the order of their numbers (RFC 5424, table 1); those without a common name are left empty.
    private static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
        "ntp", "security", "console", "", "local0", "local1", "local2", "local3", "local4", "local5",
        "local6",
        "local7",
    ].map(packed)

    private static let levels: [UInt64: UInt8] = [
        packed("emerg"): 0, packed("panic"): 0, packed("alert"): 1, packed("crit"): 2, packed("critical"): 2,
        packed("err"): 3, packed("error"): 3, packed("warn"): 4, packed("warning"): 4, packed("notice"): 5,
        packed("info"): 6, packed("debug"): 7,
    ]

    private static let weekdays = Set(["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(packed))

    private static func word(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard (1...8).contains(range.count) else { return nil }
        var word: UInt64 = 0
        for index in range { word = word << 8 | UInt64(bytes[index].folded) }
        return word
    }

    /// The number of a facility, written as a word, or as a number where that may be.
    static func facility(_ bytes: Span<UInt8>, _ range: Range<Int>, _ hasNumbers: Bool) -> UInt8? {
        if hasNumbers, let number = number(bytes, range) { return number < 24 ? number : nil }
        return word(bytes, range).flatMap(facilities.firstIndex).map { UInt8($0) }
    }

    /// The number of a level, written as a word, or as a number where that may be.
    static func level(_ bytes: Span<UInt8>, _ range: Range<Int>, _ hasNumbers: Bool) -> UInt8? {
        if hasNumbers, let number = number(bytes, range) { return number < 8 ? number : nil }
        return word(bytes, range).flatMap { levels[$0] }
    }

    static func isWeekday(_ bytes: Span<UInt8>, _ start: Int) -> Bool {
        word(bytes, start..<start + 3).map(weekdays.contains) ?? false
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt8? {
        guard (1...2).contains(range.count) else { return nil }
        var number: UInt8 = 0
        for index in range {
            guard bytes[index].isDigit else { return nil }
            number = number * 10 + bytes[index] - 0x30
        }
        return number
    }
}
