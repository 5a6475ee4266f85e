// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Pipeline

/// What decides how records are decoded, as control records before them say.
public struct DecodingContext: Hashable, Sendable {
    /// Decoder files in force; nil when no activation was found.
    public var decoders: ActivatedFiles?
    /// Reference time of the import under way; nil outside imports.
    public var reference: UTCTime?

    /// Nothing known.
    public init() {}

    /// Takes note of a control record: activations of decoders, begin and end of imports.
    mutating func note(_ kind: RecordKind, _ object: JSONValue) {
        switch kind {
        case .activation where object["role"]?.text == "decoders":
            decoders = ActivatedFiles(object)
        case .importBegin:
            reference = object["reference_time"]?.text.flatMap { text in
                try? TimeExpression.parse(text, now: .absent, zone: .utc)
            }
        case .importEnd: reference = nil
        default: break
        }
    }
}

/// Decodes records that have no stored events yet: those in the write-ahead log.
///
/// Owned by one thread.
public protocol RecordDecoding: AnyObject {
    /// Records right before those to be decoded that their events can depend on.
    var lookBackCount: Int { get }

    /// Events of the device records of `records` under `context`; `before` holds the records right before
    /// them
    /// under the same context, up to ``lookBackCount``.
    func events(
        of records: RecordBatch,
        base: Offset,
        before: RecordBatch,
        context: DecodingContext
    ) throws(WardlineError) -> EventBatch

    /// The JSON object of a control record; nil when the bytes are none.
    func object(of bytes: [UInt8]) -> JSONValue?
}
