// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reads the commands of a RELP connection: records go to the target, what is to be answered into steps.
///
/// `TXNR SP COMMAND SP DATALEN [SP DATA] LF`. Holds at most the cap and one header. A frame that is none
/// breaks
/// the session for good: there is no way to find the next one.
///
/// - Source: librelp, `doc/relp.html`, protocol versions 0 and 1.
public struct RelpReader: Sendable {
    /// What the peer asked for, in order.
    public struct Step: Hashable, Sendable {
        /// What is to be done before the answer.
        public enum Kind: Hashable, Sendable {
            /// A session with this protocol version, 0 or 1.
            case open(version: Int)
            /// A record was appended: answer once it is durable.
            case record
            /// A `syslog` command without data: nothing to keep.
            case empty
            /// The end of the session.
            case close
            /// A command that is not known here, or not at this time.
            case refused
        }

        /// Transaction number of the command, which the answer repeats.
        public var number: Int
        /// What is to be done.
        public var kind: Kind
    }

    private enum State {
        /// Inside the header, which `header` holds.
        case header
        /// Inside the data; `length` counts all its bytes.
        case data(length: Int, remaining: Int)
        /// Before the LF that ends a frame.
        case trailer(length: Int)
        case broken
    }

    private enum Command {
        case open
        case syslog
        case close
        case other
    }

    /// Longest header: number, command and length with their digits, and three blanks.
    private static let headerCountMax = 9 + 32 + 9 + 3
    /// Longest data of `open`: more offers than there are words for.
    private static let offersCountMax = 4_096
    /// Newest version that is spoken.
    public static let versionMax = 1

    /// Most bytes of one record; of longer ones the first so many are kept.
    public var sizeMaxBytes: Int
    private var state = State.header
    private var header: [UInt8] = []
    private var carry: [UInt8] = []
    private var number = 0
    private var command = Command.other
    private var isOpen = false
    private var isClosed = false

    /// A reader at the start of a connection.
    public init(sizeMaxBytes: Int) { self.sizeMaxBytes = sizeMaxBytes }

    /// Whether a frame was met that is none; nothing more is read.
    public var isBroken: Bool {
        if case .broken = state { true } else { false }
    }

    /// Bytes held of a frame that is not complete.
    public var carriedBytes: Int { carry.count + header.count }

    /// Takes bytes, appends the records that they complete, and says what is to be answered.
    public mutating func feed(_ bytes: Span<UInt8>, into target: inout FrameTarget) -> [Step] {
        var steps: [Step] = []
        var index = 0
        while index < bytes.count {
            switch state {
            case .header:
                // The LF right after a length of 0 ends the frame too.
                if take(bytes[index]) { index += 1 }
            case .data(let length, let remaining):
                let end = index + min(remaining, bytes.count - index)
                let rest = remaining - (end - index)
                if rest == 0, remaining == length, length <= sizeMaxBytes, command == .syslog, isTaken,
                    number > 0,
                    end < bytes.count, bytes[end] == 0x0a
                {
                    target.append(bytes, index..<end, [])
                    steps.append(Step(number: number, kind: .record))
                    state = .header
                    index = end + 1
                    continue
                }
                keep(bytes, index..<end)
                state = rest == 0 ? .trailer(length: length) : .data(length: length, remaining: rest)
                index = end
            case .trailer(let length):
                guard bytes[index] == 0x0a else {
                    state = .broken
                    return steps
                }
                if let step = finish(length, &target) { steps.append(step) }
                state = .header
                index += 1
            case .broken: return steps
            }
        }
        return steps
    }

    /// Whether records are taken: between `open` and `close`.
    private var isTaken: Bool { isOpen && !isClosed }

    /// Looks at a byte of the header.
    ///
    /// - Returns: Whether it belongs to it; the LF that ends a frame without data does not.
    private mutating func take(_ byte: UInt8) -> Bool {
        guard byte == 0x0a || byte == 0x20 && header.count(where: { $0 == 0x20 }) == 2 else {
            header.append(byte)
            if header.count > RelpReader.headerCountMax { state = .broken }
            return true
        }
        let words = header.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, let number = RelpReader.number(words[0]),
            (1...32).contains(words[1].count), words[1].allSatisfy(RelpReader.isLetter),
            let length = RelpReader.number(words[2]), byte == 0x20 || length == 0
        else {
            state = .broken
            return true
        }
        self.number = number
        switch String(decoding: words[1], as: UTF8.self) {
        case "open": command = .open
        case "syslog": command = .syslog
        case "close": command = .close
        default: command = .other
        }
        header.removeAll(keepingCapacity: true)
        state = length == 0 ? .trailer(length: 0) : .data(length: length, remaining: length)
        // A blank before no data is tolerated.
        return byte == 0x20
    }

    private mutating func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let cap = command == .syslog ? sizeMaxBytes : RelpReader.offersCountMax
        let count = min(range.count, max(0, cap - carry.count))
        carry.append(bytes, range.lowerBound..<range.lowerBound + count)
    }

    private mutating func finish(_ length: Int, _ target: inout FrameTarget) -> Step? {
        defer { carry.removeAll(keepingCapacity: carry.capacity <= 4_096) }
        // Number 0 is a hint that nobody answers.
        guard number > 0 else { return nil }
        switch command {
        case .open where !isOpen:
            isOpen = true
            return Step(number: number, kind: .open(version: RelpReader.version(carry)))
        case .syslog where isTaken:
            guard length > 0 else { return Step(number: number, kind: .empty) }
            let isCut = carry.count < length
            target.append(carry.span, 0..<carry.count, isCut ? .truncated : [], originalLength: length)
            return Step(number: number, kind: .record)
        case .close where isOpen:
            isClosed = true
            return Step(number: number, kind: .close)
        default: return Step(number: number, kind: .refused)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte >= 0x41 && byte <= 0x5a || byte >= 0x61 && byte <= 0x7a
    }

    /// One to nine digits.
    private static func number(_ text: ArraySlice<UInt8>) -> Int? {
        guard (1...9).contains(text.count), text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return text.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// The version that both speak, from the offers of an `open`; 0 where none is offered.
    private static func version(_ offers: [UInt8]) -> Int {
        for line in offers.split(separator: 0x0a) {
            let text = String(decoding: line, as: UTF8.self)
            guard text.hasPrefix("relp_version="), let version = Int(text.dropFirst(13)) else { continue }
            return min(max(0, version), versionMax)
        }
        return 0
    }
}

/// What a server answers on a RELP connection.
public enum RelpAnswer {
    /// Hint that the connection ends.
    public static let serverClose: [UInt8] = Array("0 serverclose 0\n".utf8)

    /// The record `number` is durable.
    public static func durable(_ number: Int) -> [UInt8] { Array("\(number) rsp 6 200 OK\n".utf8) }

    /// The answer to a step; nil for a record, which has to be durable first.
    public static func ready(_ step: RelpReader.Step) -> [UInt8]? {
        switch step.kind {
        case .record: return nil
        case .empty: return durable(step.number)
        case .close: return Array("\(step.number) rsp 0\n".utf8)
        case .refused: return response(step.number, "500 command not known here")
        case .open(let version):
            return response(
                step.number,
                "200 OK\nrelp_version=\(version)\nrelp_software=wardline\ncommands=syslog"
            )
        }
    }

    private static func response(_ number: Int, _ data: String) -> [UInt8] {
        Array("\(number) rsp \(data.utf8.count) \(data)\n".utf8)
    }
}
