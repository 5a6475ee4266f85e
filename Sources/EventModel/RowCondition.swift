// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// What a record or its events must have to be worth reading.
///
/// A necessary condition: what satisfies it may still be unwanted, what does not is unwanted for certain.
/// There is no negation, because what cannot be ruled out cannot be ruled in either.
public indirect enum RowCondition: Hashable, Sendable {
    /// Nothing is known; every record may be wanted.
    case everything
    /// Each of them; `all([])` is everything.
    case all([RowCondition])
    /// At least one of them; `any([])` is nothing.
    case any([RowCondition])
    /// The text, folded by ``ByteFolding``, stands in the record's bytes or in a value that an event of it
    /// has beside them.
    case text([UInt8])
    /// An event of the record has the value in one of the fields, which go by name.
    case value(fields: [String], Value)
    /// An event of the record has one of these bytes in its header.
    case header(Header, ByteSet)
    /// An event of the record was made by one of these decoders.
    case decoder(Decoders)

    /// A whole value of a field.
    public enum Value: Hashable, Sendable {
        /// A text, folded by ``ByteFolding``.
        case text([UInt8])
        /// An address, however it is written; only of fields that hold addresses.
        case address(IPAddress)
    }

    /// Decoders by their ids.
    public struct Decoders: Hashable, Sendable {
        /// Ids in lower case; nil for any.
        public var ids: [String]?
        /// First parts of ids, up to a dot or the end, that are out, unless longer ones are in.
        public var out: [String]
        /// First parts of ids that are in.
        public var `in`: [String]

        /// Names decoders.
        public init(ids: [String]? = nil, out: [String] = [], in: [String] = []) {
            self.ids = ids
            self.out = out
            self.in = `in`
        }

        /// Whether a decoder is among them.
        public func contains(_ decoder: String) -> Bool {
            if let ids, !ids.contains(decoder.lowercased()) { return false }
            func longest(_ parts: [String]) -> Int {
                parts.filter { decoder == $0 || decoder.hasPrefix($0 + ".") }.map(\.utf8.count).max() ?? 0
            }
            let ruledOut = longest(out)
            return ruledOut == 0 || longest(`in`) >= ruledOut
        }
    }

    /// Parts of an event's header that are one byte.
    public enum Header: UInt8, Hashable, Sendable, CaseIterable {
        /// Raw value of an `EventClass`.
        case eventClass
        /// Raw value of an `Action`.
        case action
        /// Raw value of an `Outcome`.
        case outcome
        /// Syslog severity; 255 for none.
        case severity
    }

    /// Whether it rules nothing out, however it is put together.
    public var isEverything: Bool {
        switch self {
        case .everything: true
        case .all(let parts): parts.allSatisfy(\.isEverything)
        case .any(let parts): parts.contains(where: \.isEverything)
        case .text, .value, .header, .decoder: false
        }
    }

    /// Texts and values that are looked for.
    public var textCount: Int {
        switch self {
        case .text, .value: 1
        case .all(let parts), .any(let parts): parts.reduce(0) { $0 + $1.textCount }
        case .everything, .header, .decoder: 0
        }
    }

    /// Whether a whole value is asked for anywhere.
    public var testsValues: Bool {
        switch self {
        case .everything, .text, .header, .decoder: false
        case .all(let parts), .any(let parts): parts.contains(where: \.testsValues)
        case .value: true
        }
    }
}
