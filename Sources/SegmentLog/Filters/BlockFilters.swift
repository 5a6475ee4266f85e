// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What tells, before anything else of a block is read, that no record of it can be wanted.
///
/// - Source: `schemas/disk/filters-v1.md`, section 2.
struct BlockFilters: Hashable {
    static let version: UInt8 = 1
    /// Blocks of fewer records have none: reading them costs no more than asking.
    static let recordCountMin = 512

    /// Bytes that occur in each part of the events' headers.
    private(set) var headers: [RowCondition.Header: ByteSet] = [:]
    private(set) var trigrams: TrigramMap
    /// Whether all values of address fields are written as `IPAddress` writes them.
    var hasUsualAddresses = true

    /// Of texts with these runs and no events.
    init(_ trigrams: TrigramMap = TrigramMap()) {
        self.trigrams = trigrams
        for part in RowCondition.Header.allCases { headers[part] = ByteSet() }
    }

    /// Adds the headers of `events`.
    mutating func insert(_ events: [Event]) {
        var (classes, actions) = ([Bool](repeating: false, count: 256), [Bool](repeating: false, count: 256))
        var (outcomes, severities) = (classes, actions)
        for event in events {
            classes[Int(event.eventClass.rawValue)] = true
            actions[Int(event.action.rawValue)] = true
            outcomes[Int(event.outcome.rawValue)] = true
            severities[Int(event.severity)] = true
        }
        let parts: [(RowCondition.Header, [Bool])] = [
            (.eventClass, classes), (.action, actions), (.outcome, outcomes), (.severity, severities),
        ]
        for (part, found) in parts { headers[part] = headers[part]?.union(ByteSet { found[Int($0)] }) }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(BlockFilters.version)
        writer.write(UInt8(hasUsualAddresses ? 1 : 0))
        for part in RowCondition.Header.allCases {
            let bytes = (0...255).filter { headers[part]?[UInt8($0)] ?? false }
            writer.varint(UInt64(bytes.count))
            for byte in bytes { writer.write(UInt8(byte)) }
        }
        trigrams.encode(into: &writer)
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(ByteReaderError) {
        self.init()
        var reader = ByteReader(bytes)
        guard try reader.byte() == BlockFilters.version else { throw .invalid(position: 0) }
        hasUsualAddresses = try reader.byte() == 1
        for part in RowCondition.Header.allCases {
            headers[part] = ByteSet(reader.bytes[try reader.range(try reader.count(atMost: 256))])
        }
        trigrams = try TrigramMap(&reader)
        guard reader.remaining == 0 else { throw .invalid(position: reader.position) }
    }

    /// `condition` without alternatives that no record can satisfy; nil when nothing is left of it.
    ///
    /// `mayHold` says whether a field may have a value.
    func reduced(_ condition: RowCondition, values mayHold: (UInt64) -> Bool) -> RowCondition? {
        switch condition {
        case .everything, .decoder: return condition
        case .all(let conditions):
            var left: [RowCondition] = []
            for condition in conditions {
                guard let reduced = reduced(condition, values: mayHold) else { return nil }
                left.append(reduced)
            }
            return .all(left)
        case .any(let conditions):
            let left = conditions.compactMap { reduced($0, values: mayHold) }
            return left.isEmpty ? nil : .any(left)
        case .text(let text): return trigrams.mayHold(text) ? condition : nil
        case .header(let part, let wanted):
            return headers[part].map { !$0.isDisjoint(with: wanted) } ?? true ? condition : nil
        case .value(let fields, let value):
            return isPossible(value)
                && fields.contains { ValueKey.hash(value, ofField: $0).map(mayHold) ?? true }
                ? condition : nil
        }
    }

    private func isPossible(_ value: RowCondition.Value) -> Bool {
        guard case .text(let text) = value else { return true }
        return trigrams.mayHold(text)
    }
}

/// Which value a field has, as a hash.
///
/// - Source: `schemas/disk/filters-v1.md`, section 4.
enum ValueKey {
    /// Values beyond this length are in no filter.
    static let lengthMax = 128

    /// Fields that say who or what an event is about.
    ///
    /// Ports, counters and codes are left out: they are most
    /// of the distinct values, and nobody looks for one alone.
    static let fields: Set<FieldID> = [
        .hostName, .hostIP, .userName, .userTarget, .sessionID, .sourceIP, .sourceHost, .sourceMAC,
        .targetIP, .targetHost, .targetMAC, .softwareName, .changeID, .deviceID, .objectID, .patientToken,
        .softwareHash, .artefact,
    ]

    /// Nil for a value that no filter knows, which may be anywhere.
    static func hash(_ value: RowCondition.Value, ofField name: String) -> UInt64? {
        guard let field = FieldID.known(name), fields.contains(field) else { return nil }
        switch value {
        case .text(let text): return text.count <= lengthMax ? hash(text, seed(name)) : nil
        case .address(let address): return hash(address, seed(name))
        }
    }

    static func hash(_ text: [UInt8], _ seed: UInt64) -> UInt64 {
        var hash = StableHash(seed: seed)
        hash.combine(text.span, text.indices)
        return hash.value
    }

    /// Hash of a field's name, which hashes of its values begin with.
    static func seed(_ field: String) -> UInt64 {
        var hash = StableHash()
        hash.combine(field.lowercased())
        return hash.value
    }

    /// Hash of an address, however it is written.
    static func hash(_ address: IPAddress, _ seed: UInt64) -> UInt64 {
        var hash = StableHash(seed: ~seed)
        hash.combine(address.high)
        hash.combine(address.low)
        return hash.value
    }
}
