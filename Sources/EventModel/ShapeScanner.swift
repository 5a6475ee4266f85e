// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Finds the variables of one record.
///
/// A variable is a word with a digit, the value of a key, a path, a hardware or network address with colons,
/// a time, or the host name of a syslog header. Everything between them is constant text.
struct ShapeScanner {
    private enum Class {
        static let word: UInt8 = 1
        static let digit: UInt8 = 2
        static let hexadecimal: UInt8 = 4
    }

    /// What each byte can be part of.
    ///
    /// A word ends at white space, control characters and `" & ' ( ) , / : ; < = > @ [ \ ] { | }`.
    private static let classes: [UInt8] = (0..<256).map { number in
        let byte = UInt8(number)
        let ends = Array("\"&'(),/:;<=>@[\\]{|}".utf8)
        if byte <= 0x20 || byte == 0x7f || ends.contains(byte) { return 0 }
        if (0x30...0x39).contains(byte) { return Class.word | Class.digit | Class.hexadecimal }
        let isHexadecimal = (0x61...0x66).contains(byte | 0x20) && byte >= 0x41
        return isHexadecimal ? Class.word | Class.hexadecimal : Class.word
    }

    /// Most bytes of a quoted value or path that is one variable.
    private static let valueLengthMax = 256
    /// Bytes of a header before which a time is followed by a host name.
    private static let headerLengthMax = 40

    /// How a variable was found, which tells where the same variable of a similar record ends.
    enum Rule: UInt8 {
        /// A time of the slot's kind.
        case stamp
        /// A word with a digit.
        case digitWord
        /// Any word, because of what stands before it.
        case word
        /// Up to the next quote.
        case quoted
        case path
        /// Groups of hexadecimal digits with colons between them.
        case colons
    }

    /// Constant text: one more than slots.
    private(set) var pieces: [RecordShapes.Slot] = []
    private(set) var slots: [RecordShapes.Slot] = []
    private(set) var kinds: [UInt8] = []
    private(set) var rules: [Rule] = []
    private(set) var hash: UInt64 = 0
    private(set) var literalLength = 0
    /// The first time of the record, as ``RecordShapes/times``.
    private(set) var time: Int64 = 0
    private var hasTime = false
    private let classes = ShapeScanner.classes
    private var pieceStart = 0
    private var isHostNext = false
    private var hasPriority = false
    // The two bytes before a word; a space after a colon or an equals sign does not count.
    private var last: UInt8 = 0
    private var beforeLast: UInt8 = 0

    /// Takes the record at `range` apart.
    mutating func scan(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        pieces.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        kinds.removeAll(keepingCapacity: true)
        rules.removeAll(keepingCapacity: true)
        hash = 0x9e37_79b9_7f4a_7c15
        literalLength = 0
        (time, hasTime) = (0, false)
        pieceStart = range.lowerBound
        let end = range.upperBound
        var position = ShapeScanner.afterPriority(bytes, range)
        hasPriority = position > range.lowerBound
        isHostNext = false
        (beforeLast, last) = (0, 0)
        while position < end {
            let byte = bytes[position]
            if classes[Int(byte)] != 0 {
                position = word(bytes, position, range)
            } else if byte == 0x22 || byte == 0x2f, let stop = opening(bytes, byte, position, end) {
                position = stop
            } else {
                if byte != 0x20 || (last != 0x3a && last != 0x3d) { (beforeLast, last) = (last, byte) }
                position += 1
            }
        }
        close(bytes, range.upperBound)
    }

    /// Goes past the quoted value or path that `byte` opens at `position`; nil if it opens none.
    private mutating func opening(_ bytes: Span<UInt8>, _ byte: UInt8, _ position: Int, _ end: Int) -> Int? {
        if byte == 0x22 {
            guard last == 0x3a || last == 0x3d, let close = ShapeScanner.value(bytes, position + 1, end)
            else {
                return nil
            }
            // A time is better kept as a time.
            let stamp = StampForm.scan(bytes, at: position + 1, end: close)
            let stop = stamp.map { position + 1 + $0.length } ?? close
            if let stamp { note(stamp) }
            add(bytes, position + 1..<stop, stamp?.form.rawValue ?? RecordShapes.text, .quoted)
            (beforeLast, last) = (0, 0)
            return stop
        }
        guard last == 0x20 || last == 0x3d || last == 0, let stop = ShapeScanner.path(bytes, position, end)
        else {
            return nil
        }
        add(bytes, position..<stop, RecordShapes.text, .path)
        (beforeLast, last) = (0, 0x2f)
        return stop
    }

    /// Goes past the word or time at `start`.
    private mutating func word(_ bytes: Span<UInt8>, _ start: Int, _ record: Range<Int>) -> Int {
        let end = record.upperBound
        if let stamp = ShapeScanner.stamp(bytes, start, end) {
            isHostNext =
                slots.isEmpty && hasPriority && start - record.lowerBound < ShapeScanner.headerLengthMax
            note(stamp)
            add(bytes, start..<start + stamp.length, stamp.form.rawValue, .stamp)
            (beforeLast, last) = (0, 0x30)
            return start + stamp.length
        }
        var position = start
        var any: UInt8 = 0
        var all: UInt8 = 0xff
        while position < end {
            let found = classes[Int(bytes[position])]
            if found == 0 { break }
            any |= found
            all &= found
            position += 1
        }
        let isForced = last == 0x3d || isHostNext || (last == 0x3a && beforeLast == 0x22)
        var rule: Rule? = isForced ? .word : any & Class.digit != 0 && bytes[start] != 0x25 ? .digitWord : nil
        if all & Class.hexadecimal != 0, position - start <= 4, position < end, bytes[position] == 0x3a,
            let stop = colons(bytes, start, end)
        {
            position = stop
            rule = .colons
        }
        isHostNext = false
        if let rule { add(bytes, start..<position, RecordShapes.text, rule) }
        (beforeLast, last) = (0, 0x30)
        return position
    }

    private static func stamp(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> StampFound? {
        guard end - start >= 15 else { return nil }
        let byte = bytes[start]
        if byte &- 0x30 < 10 {
            guard end - start >= 19, bytes[start + 4] == 0x2d else { return nil }
        } else {
            guard bytes[start + 3] == 0x20, byte &- 0x41 < 26 else { return nil }
        }
        return StampForm.scan(bytes, at: start, end: end)
    }

    private mutating func note(_ stamp: StampFound) {
        if !hasTime { (time, hasTime) = (stamp.value, true) }
    }

    /// Ends the constant text before `range` and makes `range` a variable.
    private mutating func add(_ bytes: Span<UInt8>, _ range: Range<Int>, _ kind: UInt8, _ rule: Rule) {
        guard slots.count < RecordShapes.slotCountMax else { return }
        close(bytes, range.lowerBound)
        slots.append(RecordShapes.Slot(start: UInt32(range.lowerBound), length: UInt32(range.count)))
        kinds.append(kind)
        rules.append(kind == RecordShapes.text ? rule : .stamp)
        hash = ShapeScanner.mix(hash, UInt64(kind) | 0x100)
        pieceStart = range.upperBound
    }

    private mutating func close(_ bytes: Span<UInt8>, _ end: Int) {
        let length = end - pieceStart
        pieces.append(RecordShapes.Slot(start: UInt32(pieceStart), length: UInt32(length)))
        literalLength += length
        var position = pieceStart
        while position + 8 <= end {
            hash = ShapeScanner.mix(hash, bytes.word(at: position))
            position += 8
        }
        if position < end {
            var rest: UInt64 = 0
            if position + 8 <= bytes.count {
                rest = bytes.word(at: position) & (1 << UInt64((end - position) * 8) - 1)
            } else {
                var shift: UInt64 = 0
                while position < end {
                    rest |= UInt64(bytes[position]) << shift
                    shift += 8
                    position += 1
                }
            }
            hash = ShapeScanner.mix(hash, rest)
        }
    }

    private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let mixed = (state ^ word) &* 0xbf58_476d_1ce4_e5b9
        return mixed ^ mixed >> 29
    }

    /// After `<PRI>` and the version of RFC 5424: both belong to the template.
    private static func afterPriority(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        var position = range.lowerBound
        guard range.count > 3, bytes[position] == 0x3c else { return range.lowerBound }
        position += 1
        while position < range.upperBound, position - range.lowerBound < 4, bytes[position] &- 0x30 < 10 {
            position += 1
        }
        guard position < range.upperBound, position > range.lowerBound + 1, bytes[position] == 0x3e else {
            return range.lowerBound
        }
        position += 1
        if position + 1 < range.upperBound, bytes[position] == 0x31, bytes[position + 1] == 0x20 {
            position += 2
        }
        return position
    }

    /// Where a quoted value ends that begins at `start`: at its quote, when it is short and has no space.
    private static func value(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        let limit = min(end, start + valueLengthMax)
        let (lanes, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        var position = start
        while position < limit {
            if position + 8 <= limit {
                // The first lane with its top bit set holds a quote, a backslash, a space or less.
                let word = bytes.word(at: position)
                let (quote, escape) = (word ^ lanes &* 0x22, word ^ lanes &* 0x5c)
                let found =
                    ((quote &- lanes) & ~quote | (escape &- lanes) & ~escape
                        | (word &- lanes &* 0x21) & ~word) & tops
                guard found != 0 else {
                    position += 8
                    continue
                }
                position += found.trailingZeroBitCount >> 3
            }
            let byte = bytes[position]
            if byte == 0x22 { return position > start ? position : nil }
            if byte <= 0x20 { return nil }
            position += byte == 0x5c ? 2 : 1
        }
        return nil
    }

    /// Where a path ends that begins with the slash at `start`.
    private static func path(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        let limit = min(end, start + valueLengthMax)
        var position = start + 1
        while position < limit {
            let byte = bytes[position]
            if byte <= 0x20 || byte == 0x22 || byte == 0x27 || byte == 0x2c || byte == 0x3b || byte == 0x3e
                || byte == 0x29 || byte == 0x5d
            {
                break
            }
            position += 1
        }
        return position > start + 1 ? position : nil
    }

    /// Where a run of groups of hexadecimal digits with at least two colons between them ends.
    private func colons(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var position = start
        var group = 0
        var count = 0
        while position < end {
            let byte = bytes[position]
            if byte == 0x3a {
                count += 1
                group = 0
            } else if classes[Int(byte)] & Class.hexadecimal != 0 {
                group += 1
                guard group <= 4 else { return nil }
            } else {
                break
            }
            position += 1
        }
        // A colon at the end belongs to the text after it.
        if bytes[position - 1] == 0x3a {
            position -= 1
            count -= 1
        }
        guard count >= 2, position == end || classes[Int(bytes[position])] == 0 else { return nil }
        return position
    }
}

extension ShapeScanner {
    /// Where the variable at `start` ends if ``scan(_:_:)`` would find it there by `rule`; nil if it would
    /// not, and for times.
    @inline(__always)
    func end(of rule: Rule, _ bytes: Span<UInt8>, at start: Int, _ end: Int) -> Int? {
        guard start < end else { return nil }
        switch rule {
        case .stamp: return nil
        case .digitWord, .word: return wordEnd(rule, bytes, start, end)
        case .quoted:
            guard let stop = ShapeScanner.value(bytes, start, end) else { return nil }
            let isDate = stop - start >= 19 && bytes[start + 4] == 0x2d
            return isDate && StampForm.scan(bytes, at: start, end: stop) != nil ? nil : stop
        case .path: return bytes[start] == 0x2f ? ShapeScanner.path(bytes, start, end) : nil
        case .colons:
            var position = start
            while position < end, classes[Int(bytes[position])] & Class.hexadecimal != 0 { position += 1 }
            guard position > start, position - start <= 4, position < end, bytes[position] == 0x3a else {
                return nil
            }
            return colons(bytes, start, end)
        }
    }

    @inline(__always)
    private func wordEnd(_ rule: Rule, _ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var position = start
        var any: UInt8 = 0
        var all: UInt8 = 0xff
        let classes = classes.span
        // Known here, so that no look-up is checked in the loop.
        precondition(classes.count == 256, "a class for each byte")
        while position < end {
            let found = classes[Int(bytes[position])]
            if found == 0 { break }
            any |= found
            all &= found
            position += 1
        }
        guard position > start, rule == .word || any & Class.digit != 0 && bytes[start] != 0x25 else {
            return nil
        }
        if all & Class.hexadecimal != 0, position - start <= 4, position < end, bytes[position] == 0x3a,
            colons(bytes, start, end) != nil
        {
            return nil
        }
        return ShapeScanner.stamp(bytes, start, end) == nil ? position : nil
    }
}
