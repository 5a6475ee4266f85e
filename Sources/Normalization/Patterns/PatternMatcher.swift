// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Runs a trie of patterns over a text and gives what matches; the lowest number counts.
///
/// Owns the fixed storage for captures and attempts, so that a match allocates nothing. Begin a record, begin
/// a text, then ask for the next match until there is none, and say of each that was good which patterns
/// still matter.
struct PatternMatcher: Sendable {
    /// A captured value.
    struct Capture: Sendable {
        /// Number of the capture in its pattern.
        var number: Int32 = 0
        var type = CaptureType.rest
        var start: Int32 = 0
        var end: Int32 = 0

        var range: Range<Int> { Int(start)..<Int(end) }
    }

    /// Where to go on when what was tried fails.
    private struct Attempt: Sendable {
        var step: Int32 = 0
        var position: Int32 = 0
        var captures: Int32 = 0
        /// Lowest number of the patterns that the alternative leads to; -1 inside of groups.
        var pattern: Int32 = 0
    }

    /// Most attempts open at once: one for each place where patterns of a route part and one for each level
    /// of groups.
    ///
    /// At the bound the alternative is not noted and the record says `decode_truncated`.
    static let attemptCountMax = 256

    /// Most steps of one record, scanning counted in: bounds the time that hostile text costs, whatever the
    /// patterns are.
    ///
    /// At the bound matching ends and the record says `decode_truncated`. Ordinary records take fewer than
    /// two hundred.
    static let stepCountMax = 16_384

    private var captures = [Capture](repeating: Capture(), count: PatternPath.captureCountMax)
    private var attempts = [Attempt](repeating: Attempt(), count: attemptCountMax)
    private var attemptCount = 0
    private var step = 0
    private var position = 0
    private var end = 0
    /// Whether the last call gave a match: the next one goes on behind it.
    private var isAtMatch = false
    /// Patterns from this number on do not matter any more.
    private var limit = Int32.max

    /// Captures of the last match.
    private(set) var captureCount = 0
    /// Steps that this record may still take.
    private(set) var stepsLeft = stepCountMax
    /// Whether a bound was met in this record.
    private(set) var isTruncated = false

    /// Capture `index` of the last match.
    func capture(_ index: Int) -> Capture { captures[index] }

    /// Forgets what earlier records took.
    mutating func beginRecord(_ length: Int = 0) {
        stepsLeft = PatternMatcher.stepCountMax * max(1, length / SearchBudget.longRecordBytes)
        isTruncated = false
    }

    /// Starts to match `range` from the step `start` on.
    mutating func begin(at start: Int32, _ range: Range<Int>) {
        step = Int(start)
        position = range.lowerBound
        end = range.upperBound
        attemptCount = 0
        captureCount = 0
        isAtMatch = false
        limit = .max
    }

    /// Lets only patterns with lower numbers count from here on.
    mutating func want(below pattern: Int32) { limit = pattern }

    /// The next match, as a range of `program.accepted`; empty when there is none.
    ///
    /// - Complexity: O(length x alternatives met), at most ``stepCountMax`` steps a record, or as
    ///   many for each 64 KiB.
    mutating func next(_ program: borrowing PatternProgram, _ bytes: Span<UInt8>) -> Range<Int> {
        let steps = program.steps.span
        let pool = program.pool.span
        if isAtMatch {
            isAtMatch = false
            guard let attempt = newestAttempt() else { return none() }
            step = Int(attempt.step)
            position = Int(attempt.position)
        }
        var cursor = Cursor(position: position, end: end, left: stepsLeft)
        var step = step
        while true {
            cursor.left -= 1
            guard cursor.left > 0 else { return giveUp(cursor) }
            let current = steps[step]
            var succeeded = true
            switch current.kind {
            case .literal: succeeded = cursor.literal(current, pool, bytes)
            case .foldedLiteral: succeeded = cursor.foldedLiteral(current, pool, bytes)
            case .blank: succeeded = cursor.blanks(bytes)
            case .choose:
                let target =
                    cursor.position < end
                    ? program.tables.span[Int(current.first) + Int(bytes[cursor.position])] : -1
                if target >= 0 {
                    step = Int(target)
                    continue
                }
                succeeded = false
            case .capture:
                let found = cursor.capture(current, program, bytes)
                succeeded = found != nil
                if let found { keep(current, found.value) }
            case .attempt:
                guard current.third < limit else {
                    // Nothing there matters any more: on to what stands behind it.
                    step = Int(current.first)
                    continue
                }
                guard attemptCount < PatternMatcher.attemptCountMax else { return giveUp(cursor) }
                note(current, cursor.position)
            case .commit:
                attemptCount -= 1
                step = Int(current.first)
                continue
            case .end: succeeded = cursor.isAtEnd(bytes)
            case .accept:
                isAtMatch = true
                stepsLeft = cursor.left
                return Int(current.first)..<Int(current.first + current.second)
            }
            if succeeded {
                step += 1
                continue
            }
            guard let attempt = newestAttempt() else {
                stepsLeft = cursor.left
                return none()
            }
            step = Int(attempt.step)
            cursor.position = Int(attempt.position)
        }
    }

    @inline(__always)
    private mutating func keep(_ step: PatternStep, _ value: Range<Int>) {
        captures[captureCount] = Capture(
            number: step.first,
            type: step.type,
            start: Int32(value.lowerBound),
            end: Int32(value.upperBound)
        )
        captureCount += 1
    }

    @inline(__always)
    private mutating func note(_ step: PatternStep, _ position: Int) {
        attempts[attemptCount] = Attempt(
            step: step.first,
            position: Int32(position),
            captures: Int32(captureCount),
            pattern: step.second
        )
        attemptCount += 1
    }

    /// Takes the newest attempt that can still lead to a pattern that matters.
    private mutating func newestAttempt() -> Attempt? {
        while attemptCount > 0 {
            attemptCount -= 1
            let attempt = attempts[attemptCount]
            guard attempt.pattern < limit else { continue }
            captureCount = Int(attempt.captures)
            return attempt
        }
        return nil
    }

    private mutating func none() -> Range<Int> {
        isAtMatch = true
        return 0..<0
    }

    private mutating func giveUp(_ cursor: Cursor) -> Range<Int> {
        stepsLeft = cursor.left
        isTruncated = true
        attemptCount = 0
        return none()
    }
}

/// Where matching stands in the text, and how many steps are left.
private struct Cursor {
    var position: Int
    let end: Int
    var left: Int

    @inline(__always)
    mutating func literal(_ step: PatternStep, _ pool: Span<UInt8>, _ bytes: Span<UInt8>) -> Bool {
        let count = Int(step.second)
        guard end - position >= count,
            ByteSearch.isEqual(bytes, position, pool, Int(step.first), count)
        else { return false }
        position += count
        left -= count >> 4
        return true
    }

    mutating func foldedLiteral(_ step: PatternStep, _ pool: Span<UInt8>, _ bytes: Span<UInt8>) -> Bool {
        let count = Int(step.second)
        guard end - position >= count else { return false }
        let first = Int(step.first)
        for index in 0..<count where pool[first + index] != bytes[position + index].folded { return false }
        position += count
        left -= count >> 4
        return true
    }

    @inline(__always)
    mutating func blanks(_ bytes: Span<UInt8>) -> Bool {
        let from = position
        while position < end, bytes[position].isBlank { position += 1 }
        left -= (position - from) >> 2
        return position > from
    }

    mutating func isAtEnd(_ bytes: Span<UInt8>) -> Bool {
        _ = blanks(bytes)
        return position == end
    }

    /// The value of a capture; the position is behind it then.
    @inline(__always)
    mutating func capture(
        _ step: PatternStep,
        _ program: borrowing PatternProgram,
        _ bytes: Span<UInt8>
    ) -> CaptureScan? {
        let found: CaptureScan?
        let start = position
        switch step.type {
        case .word:
            found = CaptureScan.word(bytes, start..<end, program.stops.span[Int(step.second)].bytes)
            left -= ((found?.next ?? start) - start) >> 2
        case .until: found = until(program, program.stops.span[Int(step.second)], bytes)
        case .rest, .kv, .json: found = CaptureScan.scan(step.type, bytes, start..<end)
        case .quoted:
            found = CaptureScan.scan(step.type, bytes, start..<end)
            left -= ((found?.next ?? end) - start) >> 2
        case .ip:
            if let plain = CaptureScan.dotted(bytes, start..<end) {
                found = CaptureScan(value: start..<plain.end, next: plain.end)
            } else {
                found = CaptureScan.scan(.ip6, bytes, start..<end)
                left -= 12
            }
        default:
            found = CaptureScan.scan(step.type, bytes, start..<end)
            left -= ((found?.next ?? start) - start) >> 2
        }
        if let found { position = found.next }
        return found
    }

    /// The bytes before the first place where what follows may begin.
    mutating func until(
        _ program: borrowing PatternProgram,
        _ stop: PatternStop,
        _ bytes: Span<UInt8>
    ) -> CaptureScan? {
        let start = position
        var index = start
        let pool = program.pool.span
        while stop.textCount > 0, index < end {
            let from = index
            index =
                stop.only != 0
                ? ByteSearch.first(stop.only, bytes, index..<end)
                : ByteSearch.first(stop.bytes, bytes, index..<end)
            left -= 1 + (index - from) >> (stop.only != 0 ? 4 : 2)
            guard index < end, left > 0 else { break }
            for text in Int(stop.firstText)..<Int(stop.firstText + stop.textCount)
            where Cursor.begins(bytes, index..<end, pool, program.stopTexts.span[text]) {
                return CaptureScan(value: start..<index, next: index)
            }
            index += 1
            // A text that begins with a blank stands for a run of them: it begins nowhere else in this one.
            if bytes[index - 1].isBlank {
                let first = index
                while index < end, bytes[index].isBlank { index += 1 }
                left -= (index - first) >> 4
            }
        }
        guard stop.reachesEnd else { return nil }
        return CaptureScan(value: start..<end, next: end)
    }

    /// Whether `range` begins with `text` of the pool, where a blank of the text stands for a run of blanks.
    private static func begins(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ pool: Span<UInt8>,
        _ text: Range<Int32>
    ) -> Bool {
        var index = range.lowerBound
        for lane in Int(text.lowerBound)..<Int(text.upperBound) {
            guard index < range.upperBound else { return false }
            if pool[lane] == 0x20 {
                guard bytes[index].isBlank else { return false }
                while index < range.upperBound, bytes[index].isBlank { index += 1 }
            } else {
                guard bytes[index] == pool[lane] else { return false }
                index += 1
            }
        }
        return true
    }
}
