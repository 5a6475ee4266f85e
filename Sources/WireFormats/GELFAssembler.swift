// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Puts GELF messages together that came in several datagrams.
///
/// A chunk is `1e 0f`, eight bytes that name the message, its number, and the count of all. Memory is bounded
/// by ``sizeMaxBytes`` and ``setCountMax``, each set by ``ageMaxNanoseconds``; what does not become whole
/// comes out as it was received, datagram by datagram. Reads no clock. Source: GELF 1.1, section "Chunking".
///
/// `Peer` tells senders apart: two may choose the same eight bytes.
public struct GELFAssembler<Peer: Hashable & Sendable>: Sendable {
    /// What a datagram did.
    public enum Outcome: Hashable, Sendable {
        /// It completed a message: its payload, chunk headers taken off.
        case whole([UInt8])
        /// It waits for others, or repeats one that is there.
        case held
        /// Not to be joined: header cut off, count of 0 or above 128, number beyond the count, or another
        /// content or count than a chunk of that name before.
        case malformed
    }

    /// A set that did not become whole.
    public struct Incomplete: Hashable, Sendable {
        /// Who sent it.
        public var peer: Peer
        /// The datagrams that came, headers and all, by their number.
        public var datagrams: [[UInt8]]
        /// How many there should have been.
        public var expected: Int
    }

    /// Most chunks of a message, by the standard.
    public static var chunkCountMax: Int { 128 }
    /// Time that a set is given from its first chunk on, by the standard: 5 s.
    public static var ageMaxNanoseconds: Int64 { 5_000_000_000 }
    /// Sets under way: beyond it the oldest comes out incomplete.
    public static var setCountMax: Int { 1_024 }
    /// Bytes of sets under way: two of the greatest messages; beyond it the oldest comes out incomplete.
    public static var sizeMaxBytes: Int { 16 * 1_048_576 }
    /// Bytes before the payload of a chunk.
    static var headerSizeBytes: Int { 12 }

    private struct Key: Hashable {
        var peer: Peer
        var name: UInt64
    }

    private struct Chunks {
        var datagrams: [[UInt8]]
        var missing: Int
        var size = 0
        var start: Int64
    }

    private var sets: [Key: Chunks] = [:]
    /// Keys of `sets` by age, some of them gone; starts at `first`.
    private var order: [Key] = []
    private var first = 0
    private var size = 0
    /// Names of the last messages that became whole: what the network doubles of them is no new message.
    private var recent: [Key] = []
    private var recentKeys: Set<Key> = []
    private var nextRecent = 0
    private var evicted: [Incomplete] = []

    /// Nothing under way.
    public init() {}

    /// Whether a datagram begins like a chunk.
    public static func isChunk(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 2 && bytes[0] == 0x1e && bytes[1] == 0x0f
    }

    /// Bytes held.
    public var heldBytes: Int { size }

    /// Takes a datagram that ``isChunk(_:)``.
    public mutating func take(_ bytes: Span<UInt8>, from peer: Peer, at now: Int64) -> Outcome {
        guard bytes.count >= GELFAssembler.headerSizeBytes else { return .malformed }
        var name: UInt64 = 0
        for index in 2..<10 { name = name << 8 | UInt64(bytes[index]) }
        let (number, count) = (Int(bytes[10]), Int(bytes[11]))
        guard (1...GELFAssembler.chunkCountMax).contains(count), number < count else { return .malformed }
        let key = Key(peer: peer, name: name)
        guard !recentKeys.contains(key) else { return .held }
        var chunks: Chunks
        if let known = sets.removeValue(forKey: key) {
            chunks = known
        } else {
            chunks = Chunks(datagrams: Array(repeating: [], count: count), missing: count, start: now)
            order.append(key)
        }
        let datagram = Array(copying: bytes)
        guard chunks.datagrams.count == count,
            chunks.datagrams[number].isEmpty || chunks.datagrams[number] == datagram
        else {
            sets[key] = chunks
            return .malformed
        }
        if chunks.datagrams[number].isEmpty {
            chunks.datagrams[number] = datagram
            chunks.missing -= 1
            chunks.size += datagram.count
            size += datagram.count
        }
        guard chunks.missing == 0 else {
            sets[key] = chunks
            bound()
            return .held
        }
        size -= chunks.size
        remember(key)
        var payload: [UInt8] = []
        payload.reserveCapacity(chunks.size)
        for datagram in chunks.datagrams { payload += datagram.dropFirst(GELFAssembler.headerSizeBytes) }
        return .whole(payload)
    }

    /// Sets whose time is over, oldest first, and those that a bound put out since the last call.
    public mutating func takeIncomplete(at now: Int64) -> [Incomplete] {
        while first < order.count {
            if let chunks = sets[order[first]] {
                guard now - chunks.start >= GELFAssembler.ageMaxNanoseconds else { break }
                putOut(order[first])
            }
            first += 1
        }
        if first * 2 >= order.count {
            order.removeFirst(first)
            first = 0
        }
        defer { evicted = [] }
        return evicted
    }

    /// Everything that is under way, for the end.
    public mutating func takeAll() -> [Incomplete] { takeIncomplete(at: .max) }

    private mutating func bound() {
        while sets.count > GELFAssembler.setCountMax || size > GELFAssembler.sizeMaxBytes,
            first < order.count
        {
            putOut(order[first])
            first += 1
        }
    }

    private mutating func putOut(_ key: Key) {
        guard let chunks = sets.removeValue(forKey: key) else { return }
        size -= chunks.size
        evicted.append(
            Incomplete(
                peer: key.peer,
                datagrams: chunks.datagrams.filter { !$0.isEmpty },
                expected: chunks.datagrams.count
            )
        )
    }

    private mutating func remember(_ key: Key) {
        if recent.count < GELFAssembler.setCountMax {
            recent.append(key)
        } else {
            recentKeys.remove(recent[nextRecent])
            recent[nextRecent] = key
            nextRecent = (nextRecent + 1) % recent.count
        }
        recentKeys.insert(key)
    }
}

/// How the payload of a GELF message is packed.
public enum PayloadCoding: Hashable, Sendable {
    /// As it is.
    case plain
    /// RFC 1952.
    case gzip
    /// RFC 1950.
    case zlib

    /// By the first two bytes; JSON begins like neither.
    public init(_ bytes: Span<UInt8>) {
        guard bytes.count >= 2 else {
            self = .plain
            return
        }
        if bytes[0] == 0x1f, bytes[1] == 0x8b {
            self = .gzip
        } else if bytes[0] & 0x0f == 8, bytes[0] >> 4 <= 7, (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0 {
            self = .zlib
        } else {
            self = .plain
        }
    }
}

extension Array where Element == UInt8 {
    /// The bytes of `span`.
    init(copying span: Span<UInt8>) {
        self.init()
        reserveCapacity(span.count)
        for index in span.indices { append(span[index]) }
    }
}
