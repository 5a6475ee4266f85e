// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// Runs patterns over bodies.
///
/// Owns the fixed storage for captures, so that a match allocates nothing.
struct PatternMatcher: Sendable {
    /// A captured value.
    struct Capture: Hashable, Sendable {
        var slot: Int32
        var type: CaptureType
        var start: Int32
        var end: Int32

        var range: Range<Int> { Int(start)..<Int(end) }
    }

    /// Most captures of one pattern; the compiler refuses patterns with more, so the bound is never met at
    /// run time.
    static let captureCountMax = 48

    /// Most attempts open at once: groups nest at most ``PatternReader/depthMax`` deep, and a choice opens
    /// one.
    static let attemptCountMax = 16

    /// Most steps of one match: bounds the alternatives that one body can make us try.
    static let stepCountMax = 4_096

    private var slots = [Capture](
        repeating: Capture(slot: -1, type: .rest, start: 0, end: 0),
        count: captureCountMax
    )
    private var attempts = [(step: Int32, position: Int32, captures: Int32)](
        repeating: (0, 0, 0),
        count: attemptCountMax
    )

    /// Captures of the last match.
    private(set) var captureCount = 0
    /// Position after the last match.
    private(set) var end = 0
    /// Whether the last run was given up at a bound.
    private(set) var isTruncated = false

    /// Capture `index` of the last match.
    func capture(_ index: Int) -> Capture { slots[index] }

    /// Whether the pattern that begins at `start` matches from the lower bound of `range`.
    ///
    /// - Complexity: O(length x alternatives met), at most ``stepCountMax`` steps.
    mutating func matches(
        _ program: borrowing PatternProgram,
        at start: Int32,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> Bool {
        var step = Int(start)
        var position = range.lowerBound
        var attemptCount = 0
        var stepsLeft = PatternMatcher.stepCountMax
        captureCount = 0
        isTruncated = false
        while true {
            stepsLeft -= 1
            guard stepsLeft > 0 else {
                isTruncated = true
                return false
            }
            let current = program.steps[step]
            var succeeded = true
            switch current.kind {
            case .literal: succeeded = literal(current, program.pool.span, bytes, range, &position)
            case .foldedLiteral:
                succeeded = foldedLiteral(current, program.pool.span, bytes, range, &position)
            case .blank:
                let from = position
                while position < range.upperBound, bytes[position].isBlank { position += 1 }
                succeeded = position > from
            case .capture: succeeded = capture(current, program, bytes, range, &position)
            case .attempt:
                guard attemptCount < PatternMatcher.attemptCountMax else {
                    isTruncated = true
                    return false
                }
                attempts[attemptCount] = (current.first, Int32(position), Int32(captureCount))
                attemptCount += 1
            case .commit:
                attemptCount -= 1
                step = Int(current.first)
                continue
            case .end:
                while position < range.upperBound, bytes[position].isBlank { position += 1 }
                succeeded = position == range.upperBound
            case .accept:
                end = position
                return true
            }
            if succeeded {
                step += 1
            } else {
                guard attemptCount > 0 else { return false }
                attemptCount -= 1
                step = Int(attempts[attemptCount].step)
                position = Int(attempts[attemptCount].position)
                captureCount = Int(attempts[attemptCount].captures)
            }
        }
    }

    private func literal(
        _ step: PatternStep,
        _ pool: Span<UInt8>,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ position: inout Int
    ) -> Bool {
        let count = Int(step.second)
        guard range.upperBound - position >= count else { return false }
        let first = Int(step.first)
        for index in 0..<count where pool[first + index] != bytes[position + index] { return false }
        position += count
        return true
    }

    private func foldedLiteral(
        _ step: PatternStep,
        _ pool: Span<UInt8>,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ position: inout Int
    ) -> Bool {
        let count = Int(step.second)
        guard range.upperBound - position >= count else { return false }
        let first = Int(step.first)
        for index in 0..<count where pool[first + index] != bytes[position + index].folded { return false }
        position += count
        return true
    }

    private mutating func capture(
        _ step: PatternStep,
        _ program: borrowing PatternProgram,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ position: inout Int
    ) -> Bool {
        let stop = Int(step.second)
        let found: CaptureScan?
        switch step.type {
        case .word: found = CaptureScan.word(bytes, position..<range.upperBound, program.stops[stop].bytes)
        case .until: found = until(program, stop, bytes, position..<range.upperBound)
        default: found = CaptureScan.scan(step.type, bytes, position..<range.upperBound)
        }
        guard let found else { return false }
        position = found.next
        if step.first >= 0 {
            guard captureCount < PatternMatcher.captureCountMax else {
                isTruncated = true
                return true
            }
            slots[captureCount] = Capture(
                slot: step.first,
                type: step.type,
                start: Int32(found.value.lowerBound),
                end: Int32(found.value.upperBound)
            )
            captureCount += 1
        }
        return true
    }

    /// The bytes before the first place where what follows may begin.
    private func until(
        _ program: borrowing PatternProgram,
        _ stop: Int,
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> CaptureScan? {
        var index = range.lowerBound
        let set = program.stops[stop].bytes
        let pool = program.pool.span
        while index < range.upperBound {
            if set.contains(bytes[index]) {
                for literal in program.stops[stop].literals
                where PatternMatcher.begins(bytes, index..<range.upperBound, pool, literal) {
                    return CaptureScan(value: range.lowerBound..<index, next: index)
                }
            }
            index += 1
        }
        guard program.stops[stop].reachesEnd else { return nil }
        return CaptureScan(value: range, next: range.upperBound)
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
