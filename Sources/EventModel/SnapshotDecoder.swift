// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Reads what ``SnapshotEncoder`` wrote; every read is checked against the end.
public final class SnapshotDecoder: Decoder {
    private var reader: ByteReader
    private var more: (() throws -> [UInt8]?)?
    /// Bytes of the pieces that were not asked for yet.
    private var laterCount = 0
    private var objects: [AnyObject?] = []
    private var texts: [String] = []
    private var lists: [[String]] = []
    private var forms: [ObjectIdentifier: SnapshotForm] = [:]
    private var versions: [ObjectIdentifier: AnyObject] = [:]

    /// Reads `range` of `bytes`.
    public init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        reader = ByteReader(bytes, range)
    }

    /// Reads pieces, one after the other, of `count` bytes in all.
    ///
    /// - Parameter more: Gives the next piece; nil after the last.
    public init(count: Int, _ more: @escaping () throws -> [UInt8]?) {
        reader = ByteReader([])
        self.more = more
        laterCount = count
    }

    /// Always empty: a snapshot knows no keys.
    public var codingPath: [any CodingKey] { [] }
    /// Always empty.
    public var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// Whether everything was read.
    public var isAtEnd: Bool { reader.remaining == 0 && laterCount == 0 }

    /// What is here cannot be.
    public var damage: SnapshotError { .damaged(position: reader.position) }

    /// A number from zero up.
    public func number() throws -> UInt64 {
        try guarded { reader throws(ByteReaderError) in try reader.varint() }
    }

    /// A number of any sign.
    public func signed() throws -> Int64 {
        try guarded { reader throws(ByteReaderError) in try reader.signed() }
    }

    /// How many values follow, each of at least one byte.
    public func count() throws -> Int {
        let limit = reader.remaining + laterCount
        return try guarded { reader throws(ByteReaderError) in try reader.count(atMost: limit) }
    }

    /// Yes or no.
    public func flag() throws -> Bool {
        switch try byte() {
        case 0: false
        case 1: true
        default: throw damage
        }
    }

    /// A point in time.
    public func time() throws -> UTCTime {
        UTCTime(nanoseconds: try guarded { reader throws(ByteReaderError) in try reader.int64() })
    }

    /// Bytes of any length.
    public func bytes() throws -> [UInt8] {
        try guarded { reader throws(ByteReaderError) in try reader.counted() }
    }

    /// Eight plain bytes.
    public func hash() throws -> UInt64 {
        try guarded { reader throws(ByteReaderError) in try reader.uint64() }
    }

    /// Text of any length.
    public func text() throws -> String {
        let length = Int(try byte())
        if length <= SnapshotEncoder.smallCount {
            return String(
                decoding: try guarded { reader throws(ByteReaderError) in
                    Array(reader.bytes[try reader.range(length)])
                },
                as: UTF8.self
            )
        }
        guard length == SnapshotEncoder.smallCount + 1 else { throw damage }
        let number = try number()
        guard number >= UInt64(texts.count) else { return texts[Int(number)] }
        guard number == UInt64(texts.count) else { throw damage }
        texts.append(try guarded { reader throws(ByteReaderError) in try reader.text() })
        return texts[Int(number)]
    }

    /// A list of names that recurs.
    public func sharedList() throws -> [String] {
        let number = try number()
        guard number >= UInt64(lists.count) else { return lists[Int(number)] }
        guard number == UInt64(lists.count) else { throw damage }
        let count = try count()
        lists.append([])
        for _ in 0..<count { lists[Int(number)].append(try text()) }
        return lists[Int(number)]
    }

    /// An object that others may refer to as well: `body` reads it where it comes first.
    public func shared<Object: AnyObject>(_ body: () throws -> Object) throws -> Object {
        let number = try number()
        guard number >= UInt64(objects.count) else {
            guard let known = objects[Int(number)] as? Object else { throw damage }
            return known
        }
        guard number == UInt64(objects.count) else { throw damage }
        objects.append(nil)
        let object = try body()
        objects[Int(number)] = object
        return object
    }

    /// A value that may be missing.
    public func optional<Value: Decodable>() throws -> Value? { try flag() ? try value() : nil }

    /// A value of any type.
    public func value<Value: Decodable>() throws -> Value {
        let type = ObjectIdentifier(Value.self)
        let form = forms[type] ?? SnapshotForm(of: Value.self)
        if forms[type] == nil { forms[type] = form }
        let found: (any Decodable)?
        switch form {
        case .plain: return try Value(from: self)
        case .collection: found = try (Value.self as? any SnapshotCollection.Type)?.decoded(from: self)
        case .recurring: found = try (Value.self as? any SnapshotRecurring.Type)?.readOnce(from: self)
        }
        guard let value = found as? Value else { throw damage }
        return value
    }

    /// A value that recurs.
    func recurring<Value: SnapshotRecurring>() throws -> Value {
        let number = try number()
        let type = ObjectIdentifier(Value.self)
        let table = versions[type] as? ReadValues<Value> ?? ReadValues<Value>()
        versions[type] = table
        if number < UInt64(table.values.count) { return table.values[Int(number)] }
        guard number == UInt64(table.values.count) else { throw damage }
        let value = try Value(from: self)
        table.values.append(value)
        return value
    }

    /// A container that ignores its keys.
    public func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(PositionalFields<Key>(decoder: self))
    }

    /// A container of values one after the other.
    public func unkeyedContainer() -> any UnkeyedDecodingContainer { PositionalValues(decoder: self) }

    /// A container of one value.
    public func singleValueContainer() -> any SingleValueDecodingContainer { PositionalValues(decoder: self) }

    func byte() throws -> UInt8 { try guarded { reader throws(ByteReaderError) in try reader.byte() } }

    func double() throws -> Double { Double(bitPattern: try hash()) }

    /// Goes on with the next piece.
    private func advance() throws {
        guard let piece = try more?(), !piece.isEmpty, piece.count <= laterCount else { throw damage }
        laterCount -= piece.count
        reader = ByteReader(piece)
    }

    private func guarded<Value>(
        _ read: (inout ByteReader) throws(ByteReaderError) -> Value
    ) throws -> Value {
        if reader.remaining == 0, laterCount > 0 { try advance() }
        do {
            return try read(&reader)
        } catch {
            throw SnapshotError.damaged(position: reader.position)
        }
    }
}

/// The recurring values of a type, by their numbers.
private final class ReadValues<Value> {
    var values: [Value] = []
}

/// Values of a type that Swift derives the coding of, in the order of its properties.
private struct PositionalFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: SnapshotDecoder

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) throws -> Bool { try !decoder.flag() }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try decoder.flag() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try decoder.text() }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { Int(try decoder.signed()) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try decoder.signed() }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try decoder.hash() }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try decoder.value() }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(PositionalFields<Nested>(decoder: decoder))
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        PositionalValues(decoder: decoder)
    }
    func superDecoder() throws -> any Decoder { decoder }
    func superDecoder(forKey key: Key) throws -> any Decoder { decoder }
}

/// Values one after the other.
private struct PositionalValues: UnkeyedDecodingContainer, SingleValueDecodingContainer {
    let decoder: SnapshotDecoder
    let count: Int? = nil
    var currentIndex = 0

    var codingPath: [any CodingKey] { [] }
    var isAtEnd: Bool { decoder.isAtEnd }

    init(decoder: SnapshotDecoder) { self.decoder = decoder }

    func decodeNil() -> Bool { false }
    func decode(_ type: Bool.Type) throws -> Bool { try decoder.flag() }
    func decode(_ type: String.Type) throws -> String { try decoder.text() }
    func decode(_ type: Double.Type) throws -> Double { try decoder.double() }
    func decode(_ type: Float.Type) throws -> Float { Float(try decoder.double()) }
    func decode(_ type: Int.Type) throws -> Int { Int(try decoder.signed()) }
    func decode(_ type: Int8.Type) throws -> Int8 { try exactly(try decoder.signed()) }
    func decode(_ type: Int16.Type) throws -> Int16 { try exactly(try decoder.signed()) }
    func decode(_ type: Int32.Type) throws -> Int32 { try exactly(try decoder.signed()) }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.signed() }
    func decode(_ type: UInt.Type) throws -> UInt { try exactly(try decoder.number()) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.byte() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try exactly(try decoder.number()) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try exactly(try decoder.number()) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.hash() }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.value() }

    private func exactly<From: BinaryInteger, To: BinaryInteger>(_ value: From) throws -> To {
        guard let found = To(exactly: value) else { throw decoder.damage }
        return found
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(PositionalFields<Nested>(decoder: decoder))
    }
    func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { self }
    func superDecoder() throws -> any Decoder { decoder }
}
