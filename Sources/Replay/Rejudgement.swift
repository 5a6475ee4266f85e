// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Pipeline
public import Projections

/// Records in offset order, as a log or an import yields them.
public protocol RecordSource {
    /// The next batch and the offset of its first record; nil at the end.
    mutating func next() throws(WardlineError) -> (base: Offset, records: RecordBatch)?
}

/// Judges stored records again, into read models of their own.
///
/// Alters neither the records nor what was believed of them. The result is a function of the records and the
/// sets that they name: how the source cuts its batches does not show.
public enum Rejudgement {
    /// Judges all of `source` and returns the read models, in memory.
    ///
    /// `judge` must not have seen any record, or stand where `kept` does; `source` begins some records before
    /// that place, for the decoder. Its facts are taken and dropped: they are the journal's, and
    /// nothing is journalled here.
    ///
    /// - Throws: `integrity` where the source leaves a gap or goes back; what `source` and `judge` throw.
    /// - Complexity: One pass; memory for one batch, the judge's state and the read models.
    public static func readModels(
        of source: inout any RecordSource,
        by judge: inout any RecordJudge,
        from kept: ReadModels? = nil
    ) throws(WardlineError) -> ReadModels {
        let models: ReadModels
        if let kept { models = kept } else { models = try ReadModels() }
        var decoder = judge.decoder()
        var expected = Offset.zero
        var isFirst = judge.next > .zero
        while let (base, records) = try source.next() {
            if isFirst { expected = min(base, judge.next) }
            isFirst = false
            guard base == expected else {
                throw WardlineError(
                    .integrity,
                    "Offset \(expected) was expected and \(base) came: run `wardline verify`, which names "
                        + "the hole."
                )
            }
            expected = base.advanced(by: records.count)
            let known = base < judge.next ? Int(min(judge.next, expected).value - base.value) : 0
            if known > 0 { _ = decoder.decode(records.part(0..<known), base: base) }
            guard known < records.count else { continue }
            let rest = known > 0 ? records.part(known..<records.count) : records
            _ = try judge.process(decoder.decode(rest, base: base.advanced(by: known)))
            try publish(&judge, through: expected, models)
        }
        judge.settle()
        try publish(&judge, through: expected, models)
        return models
    }

    private static func publish(
        _ judge: inout any RecordJudge,
        through offset: Offset,
        _ models: ReadModels
    ) throws(WardlineError) {
        _ = judge.takeFacts()
        if let update = judge.takeUpdate(through: offset) { try models.apply(update) }
    }
}
