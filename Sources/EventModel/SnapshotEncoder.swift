// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// State that is written to a snapshot by hand: what is shared, what is large, what Swift cannot derive.
///
/// Everything else of a snapshot is `Codable` as Swift derives it.
public protocol SnapshotCoded: Codable {
    /// Writes the state.
    func write(to encoder: SnapshotEncoder) throws
    /// Reads what ``write(to:)`` wrote.
    static func read(from decoder: SnapshotDecoder) throws -> Self
}

/// State beside things that no snapshot holds, such as compiled rules: those are made first, then it is
/// resumed.
public protocol SnapshotResumed {
    /// Writes the state.
    func write(to encoder: SnapshotEncoder) throws
    /// Takes the state that ``write(to:)`` wrote.
    mutating func resume(from decoder: SnapshotDecoder) throws
}

/// Why a snapshot cannot be used; the log is judged from its start then.
public enum SnapshotError: Error, Hashable, Sendable {
    /// The bytes end too early or hold what cannot be, at a position.
    case damaged(position: Int)
    /// It was made for something else: other rules, another engine, another log.
    case mismatch(String)
    /// A type asked for what snapshots do not have, such as nested keys.
    case unsupported(String)
}

/// Writes state by position: no names, each value where the type that reads it expects it.
///
/// Objects are written once however many refer to them, and long texts likewise, so that what was shared is
/// shared again after reading.
public final class SnapshotEncoder: Encoder {
    /// What was written since the last piece was handed on.
    public var bytes: [UInt8] { writer.bytes }
    /// Whether what is written is read without anything beside it, so that it names no more than it uses.
    public let isAlone: Bool

    private var writer = ByteWriter()
    private let take: (([UInt8]) -> Void)?
    private var numbers: [ObjectIdentifier: UInt64] = [:]
    /// Keeps what was numbered alive, so that no identifier comes twice.
    private var objects: [AnyObject] = []
    private var texts: [String: UInt64] = [:]
    private var lists: [[String]: UInt64] = [:]
    private var forms: [ObjectIdentifier: SnapshotForm] = [:]
    private var versions: [ObjectIdentifier: AnyObject] = [:]

    /// Texts of at most so many bytes need no memory of their own in Swift and are not shared.
    static let smallCount = 15

    /// Bytes from which on a piece is handed on: 1 MiB.
    public static let pieceCount = 1 << 20

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - isAlone: Whether it is for one small thing that is kept by itself.
    ///   - take: Takes pieces, so that a large state is never whole in memory; nil keeps all in ``bytes``.
    public init(isAlone: Bool = false, handingPiecesTo take: (([UInt8]) -> Void)? = nil) {
        self.isAlone = isAlone
        self.take = take
    }

    /// Hands on what is left.
    public func finish() {
        guard let take, !writer.bytes.isEmpty else { return }
        take(writer.bytes)
        writer.bytes = []
    }

    /// Hands on a full piece; no value lies in two.
    private func cut() {
        guard let take, writer.bytes.count >= SnapshotEncoder.pieceCount else { return }
        take(writer.bytes)
        writer.bytes.removeAll(keepingCapacity: true)
    }

    /// Always empty: a snapshot knows no keys.
    public var codingPath: [any CodingKey] { [] }
    /// Always empty.
    public var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// A number from zero up, mostly small.
    public func write(number value: UInt64) {
        cut()
        writer.varint(value)
    }

    /// A number of any sign.
    public func write(signed value: Int64) {
        cut()
        writer.signed(value)
    }

    /// A number from zero up.
    public func write(count value: Int) { write(number: UInt64(value)) }

    /// Yes or no.
    public func write(_ value: Bool) { write(UInt8(value ? 1 : 0)) }

    /// A point in time; mostly near others, so that eight plain bytes are read fastest.
    public func write(_ time: UTCTime) { write(hash: UInt64(bitPattern: time.nanoseconds)) }

    /// Bytes of any length.
    public func write(_ value: [UInt8]) {
        cut()
        writer.counted(value)
    }

    /// Eight plain bytes, for hashes.
    public func write(hash value: UInt64) {
        cut()
        writer.write(value)
    }

    /// Text of any length.
    public func write(_ value: String) {
        cut()
        let count = value.utf8.count
        guard count > SnapshotEncoder.smallCount else {
            writer.write(UInt8(count))
            writer.bytes.append(contentsOf: value.utf8)
            return
        }
        // 16 says that a number follows: that of an earlier text, or the next one and the text.
        writer.write(UInt8(SnapshotEncoder.smallCount + 1))
        let next = UInt64(texts.count)
        let number = texts[value] ?? next
        writer.varint(number)
        guard number == next else { return }
        texts[value] = next
        writer.varint(UInt64(count))
        writer.bytes.append(contentsOf: value.utf8)
    }

    /// A list of names that recurs, as the decoders of a batch do.
    public func write(shared list: [String]) {
        let next = UInt64(lists.count)
        let number = lists[list] ?? next
        write(number: number)
        guard number == next else { return }
        lists[list] = next
        write(count: list.count)
        for text in list { write(text) }
    }

    /// An object that others may refer to as well: `body` writes it where it comes first.
    public func write(shared object: AnyObject, _ body: () throws -> Void) rethrows {
        let next = UInt64(objects.count)
        let number = numbers[ObjectIdentifier(object)] ?? next
        write(number: number)
        guard number == next else { return }
        numbers[ObjectIdentifier(object)] = next
        objects.append(object)
        try body()
    }

    /// A value that may be missing.
    public func write<Value: Encodable>(optional value: Value?) throws {
        write(value != nil)
        if let value { try write(value) }
    }

    /// A value of a type that is written by hand.
    public func write<Value: SnapshotCoded>(_ value: Value) throws { try value.write(to: self) }

    /// A value of any other type.
    public func write<Value: Encodable>(_ value: Value) throws {
        let type = ObjectIdentifier(Value.self)
        let form = forms[type] ?? SnapshotForm(of: Value.self)
        if forms[type] == nil { forms[type] = form }
        switch form {
        case .plain: try value.encode(to: self)
        case .collection: try (value as? any SnapshotCollection)?.write(to: self)
        case .recurring: try (value as? any SnapshotRecurring)?.writeOnce(to: self)
        }
    }

    /// A value that recurs: whole where it comes first, else its number.
    fileprivate func write<Value: SnapshotRecurring>(recurring value: Value) throws {
        let type = ObjectIdentifier(Value.self)
        let table = versions[type] as? RecurringValues<Value> ?? RecurringValues<Value>()
        versions[type] = table
        let next = table.count
        if let known = table.known[value.recurringName], known.value == value {
            return write(number: known.number)
        }
        write(number: next)
        table.known[value.recurringName] = (value, next)
        table.count += 1
        try value.encode(to: self)
    }

    /// A container that ignores its keys.
    public func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(PositionalFields<Key>(encoder: self))
    }

    /// A container of values one after the other; what their number is, their type must know.
    public func unkeyedContainer() -> any UnkeyedEncodingContainer { PositionalValues(encoder: self) }

    /// A container of one value.
    public func singleValueContainer() -> any SingleValueEncodingContainer { PositionalValues(encoder: self) }

    func write(_ value: UInt8) {
        cut()
        writer.write(value)
    }
    func write(_ value: Double) { write(hash: value.bitPattern) }
}

/// A value that many others hold a copy of, such as an asset: written once for each of its versions.
public protocol SnapshotRecurring: Codable, Equatable {
    /// What tells it from others of its type.
    var recurringName: String { get }
}

extension SnapshotRecurring {
    fileprivate func writeOnce(to encoder: SnapshotEncoder) throws { try encoder.write(recurring: self) }

    static func readOnce(from decoder: SnapshotDecoder) throws -> Self { try decoder.recurring() }
}

/// The newest version of each recurring value of a type, and its number.
private final class RecurringValues<Value> {
    var known: [String: (value: Value, number: UInt64)] = [:]
    var count: UInt64 = 0
}

/// How values of a type are written.
enum SnapshotForm {
    case plain
    case collection
    case recurring

    init(of type: Any.Type) {
        self =
            type is any SnapshotCollection.Type
            ? .collection : type is any SnapshotRecurring.Type ? .recurring : .plain
    }
}

/// Collections of the standard library, written with their counts.
protocol SnapshotCollection: Codable {
    func write(to encoder: SnapshotEncoder) throws
    static func decoded(from decoder: SnapshotDecoder) throws -> Self
}

extension Array: SnapshotCollection where Element: Codable {
    func write(to encoder: SnapshotEncoder) throws {
        if let bytes = self as? [UInt8] { return encoder.write(bytes) }
        encoder.write(count: count)
        for element in self { try encoder.write(element) }
    }

    static func decoded(from decoder: SnapshotDecoder) throws -> [Element] {
        if Element.self == UInt8.self, let bytes = try decoder.bytes() as? [Element] { return bytes }
        let count = try decoder.count()
        var list: [Element] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try decoder.value()) }
        return list
    }
}

extension Set: SnapshotCollection where Element: Codable {
    func write(to encoder: SnapshotEncoder) throws {
        encoder.write(count: count)
        for element in self { try encoder.write(element) }
    }

    static func decoded(from decoder: SnapshotDecoder) throws -> Set<Element> {
        let count = try decoder.count()
        var found = Set<Element>(minimumCapacity: count)
        for _ in 0..<count { found.insert(try decoder.value()) }
        return found
    }
}

extension Dictionary: SnapshotCollection where Key: Codable, Value: Codable {
    func write(to encoder: SnapshotEncoder) throws {
        encoder.write(count: count)
        for (key, value) in self {
            try encoder.write(key)
            try encoder.write(value)
        }
    }

    static func decoded(from decoder: SnapshotDecoder) throws -> [Key: Value] {
        let count = try decoder.count()
        var found = [Key: Value](minimumCapacity: count)
        for _ in 0..<count {
            let key: Key = try decoder.value()
            found[key] = try decoder.value() as Value
        }
        return found
    }
}

extension SnapshotCoded {
    /// Only a snapshot can hold it.
    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? SnapshotEncoder else {
            throw SnapshotError.unsupported("\(Self.self) is written to snapshots alone")
        }
        try write(to: encoder)
    }

    /// Only a snapshot can hold it.
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? SnapshotDecoder else {
            throw SnapshotError.unsupported("\(Self.self) is read from snapshots alone")
        }
        self = try Self.read(from: decoder)
    }
}

/// Values of a type that Swift derives the coding of, in the order of its properties.
private struct PositionalFields<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: SnapshotEncoder

    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil(forKey key: Key) throws { encoder.write(false) }
    mutating func encode(_ value: Bool, forKey key: Key) throws { encoder.write(value) }
    mutating func encode(_ value: String, forKey key: Key) throws { encoder.write(value) }
    mutating func encode(_ value: Int, forKey key: Key) throws { encoder.write(signed: Int64(value)) }
    mutating func encode(_ value: Int64, forKey key: Key) throws { encoder.write(signed: value) }
    mutating func encode(_ value: UInt64, forKey key: Key) throws { encoder.write(hash: value) }
    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try encoder.write(value) }

    mutating func encodeIfPresent(_ value: Bool?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: String?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: Int?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: Int64?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: Double?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: Float?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: Int8?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: Int16?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: Int32?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: UInt?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }
    mutating func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws {
        try encoder.write(optional: value)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(PositionalFields<Nested>(encoder: encoder))
    }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        PositionalValues(encoder: encoder)
    }
    mutating func superEncoder() -> any Encoder { encoder }
    mutating func superEncoder(forKey key: Key) -> any Encoder { encoder }
}

/// Values one after the other.
private struct PositionalValues: UnkeyedEncodingContainer, SingleValueEncodingContainer {
    let encoder: SnapshotEncoder
    var count = 0

    var codingPath: [any CodingKey] { [] }

    init(encoder: SnapshotEncoder) { self.encoder = encoder }

    mutating func encodeNil() throws { throw SnapshotError.unsupported("a missing value without a key") }
    mutating func encode(_ value: Bool) throws { encoder.write(value) }
    mutating func encode(_ value: String) throws { encoder.write(value) }
    mutating func encode(_ value: Double) throws { encoder.write(value) }
    mutating func encode(_ value: Float) throws { encoder.write(Double(value)) }
    mutating func encode(_ value: Int) throws { encoder.write(signed: Int64(value)) }
    mutating func encode(_ value: Int8) throws { encoder.write(signed: Int64(value)) }
    mutating func encode(_ value: Int16) throws { encoder.write(signed: Int64(value)) }
    mutating func encode(_ value: Int32) throws { encoder.write(signed: Int64(value)) }
    mutating func encode(_ value: Int64) throws { encoder.write(signed: value) }
    mutating func encode(_ value: UInt) throws { encoder.write(number: UInt64(value)) }
    mutating func encode(_ value: UInt8) throws { encoder.write(value) }
    mutating func encode(_ value: UInt16) throws { encoder.write(number: UInt64(value)) }
    mutating func encode(_ value: UInt32) throws { encoder.write(number: UInt64(value)) }
    mutating func encode(_ value: UInt64) throws { encoder.write(hash: value) }
    mutating func encode<T: Encodable>(_ value: T) throws { try encoder.write(value) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(PositionalFields<Nested>(encoder: encoder))
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self }
    mutating func superEncoder() -> any Encoder { encoder }
}
