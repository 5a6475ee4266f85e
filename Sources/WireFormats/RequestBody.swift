// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Cuts the body of a request into records, or says where it cannot be read.
///
/// A body is taken whole or not at all: its sender is told, and still has it.
public enum RequestBody {
    /// What the body holds.
    public enum Form: Hashable, Sendable {
        /// One JSON object a line; empty lines are none.
        case jsonLines
        /// JSON objects behind each other, or one array of them, with any white space.
        case jsonObjects
        /// Lines of text.
        case lines
    }

    /// Why a body cannot be read.
    public struct Fault: Error, Hashable, Sendable {
        /// Line of the body, from 1.
        public var line: Int
        /// What is wrong there, in words.
        public var reason: String
    }

    /// Where the records of a body lie, in order.
    ///
    /// - Throws: ``Fault`` at the first value that is no JSON object.
    /// - Complexity: O(bytes).
    public static func records(_ bytes: Span<UInt8>, _ form: Form) throws(Fault) -> [Range<Int>] {
        switch form {
        case .lines: return lines(bytes)
        case .jsonLines:
            let lines = lines(bytes)
            for line in lines {
                do throws(JSONParsingError) {
                    let start = JSONTextScan.skipSpace(bytes, from: line.lowerBound, below: line.upperBound)
                    guard bytes[start] == 0x7b else { throw JSONParsingError.unexpected(position: start) }
                    let end = try JSONTextScan.end(bytes, from: start, below: line.upperBound)
                    let rest = JSONTextScan.skipSpace(bytes, from: end, below: line.upperBound)
                    guard rest == line.upperBound else { throw JSONParsingError.unexpected(position: rest) }
                } catch {
                    throw Fault(
                        line: number(bytes, line.lowerBound),
                        reason: reason(error, in: line, bytes)
                    )
                }
            }
            return lines
        case .jsonObjects: return try objects(bytes)
        }
    }

    /// Lines with content, without LF and CR LF, nor the record separator of RFC 7464.
    private static func lines(_ bytes: Span<UInt8>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == 0x0a {
            var end = index
            if end > start, bytes[end - 1] == 0x0d { end -= 1 }
            var first = start
            if first < end, bytes[first] == 0x1e { first += 1 }
            var isBlank = true
            for place in first..<end where !JSONTextScan.isSpace(bytes[place]) {
                isBlank = false
                break
            }
            if !isBlank { found.append(first..<end) }
            start = index + 1
        }
        return found
    }

    private static func objects(_ bytes: Span<UInt8>) throws(Fault) -> [Range<Int>] {
        let end = bytes.count
        var found: [Range<Int>] = []
        var position = JSONTextScan.skipSpace(bytes, from: 0, below: end)
        let isArray = position < end && bytes[position] == 0x5b
        if isArray { position = JSONTextScan.skipSpace(bytes, from: position + 1, below: end) }
        do throws(JSONParsingError) {
            while position < end {
                if isArray, found.isEmpty, bytes[position] == 0x5d { break }
                guard bytes[position] == 0x7b else { throw JSONParsingError.unexpected(position: position) }
                let next = try JSONTextScan.end(bytes, from: position, below: end)
                found.append(position..<next)
                position = JSONTextScan.skipSpace(bytes, from: next, below: end)
                guard isArray else { continue }
                guard position < end else { throw JSONParsingError.truncated(position: position) }
                if bytes[position] == 0x5d { break }
                guard bytes[position] == 0x2c else { throw JSONParsingError.unexpected(position: position) }
                position = JSONTextScan.skipSpace(bytes, from: position + 1, below: end)
            }
            guard isArray else { return found }
            guard position < end else { throw JSONParsingError.truncated(position: position) }
            position = JSONTextScan.skipSpace(bytes, from: position + 1, below: end)
            guard position == end else { throw JSONParsingError.unexpected(position: position) }
            return found
        } catch {
            throw Fault(
                line: number(bytes, place(error)),
                reason: reason(error, in: lineStart(bytes, place(error))..<end, bytes)
            )
        }
    }

    private static func place(_ error: JSONParsingError) -> Int {
        switch error {
        case .truncated(let position), .unexpected(let position), .badText(let position),
            .duplicateName(let position), .tooDeep(let position):
            position
        }
    }

    private static func reason(
        _ error: JSONParsingError,
        in line: Range<Int>,
        _ bytes: Span<UInt8>
    ) -> String {
        let column = place(error) - line.lowerBound + 1
        guard case .unexpected(let position) = error else { return "the JSON ends inside a value" }
        let start = JSONTextScan.skipSpace(bytes, from: line.lowerBound, below: line.upperBound)
        return position == start
            ? "no JSON object begins here" : "the JSON cannot be read at column \(column)"
    }

    private static func lineStart(_ bytes: Span<UInt8>, _ position: Int) -> Int {
        var start = min(position, bytes.count)
        while start > 0, bytes[start - 1] != 0x0a { start -= 1 }
        return start
    }

    private static func number(_ bytes: Span<UInt8>, _ position: Int) -> Int {
        var line = 1
        for index in 0..<min(position, bytes.count) where bytes[index] == 0x0a { line += 1 }
        return line
    }
}
