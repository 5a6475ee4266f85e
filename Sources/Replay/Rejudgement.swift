// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// Records in offset order, as a log or an import yields them.
public protocol RecordSource {
    /// The next batch and the offset of its first record; nil at the end.
    mutating func next() throws(WardlineError) -> (base: Offset, records: RecordBatch)?
}

/// What turns records into verdicts; the pipeline's judge, or one of a test.
public protocol RecordJudge {
    /// Takes records that follow the ones before without a gap.
    mutating func judge(_ records: RecordBatch, base: Offset) throws(WardlineError)
    /// Decides what can be decided at the end of the records.
    mutating func settle() throws(WardlineError)
    /// What changed in the read models since the last call.
    mutating func takeUpdate(through offset: Offset) throws(WardlineError) -> ProjectionUpdate?
}

/// Judges stored records again, into read models of their own.
///
/// Alters neither the records nor what was believed of them. The result is a function of the records and the
/// sets that they name: how the source cuts its batches does not show.
public enum Rejudgement {
    /// Judges all of `source` and returns the read models, in memory.
    ///
    /// - Throws: `integrity` where the source leaves a gap or goes back; what `source` and `judge` throw.
    /// - Complexity: One pass; memory for one batch, the judge's state and the read models.
    public static func readModels(
        of source: inout some RecordSource,
        by judge: inout some RecordJudge
    ) throws(WardlineError) -> ReadModels {
        let models = try ReadModels()
        var expected = Offset.zero
        while let (base, records) = try source.next() {
            guard base == expected else {
                throw WardlineError(
                    .integrity,
                    "Offset \(expected) was expected and \(base) came: run `wardline verify`, which names "
                        + "the hole."
                )
            }
            try judge.judge(records, base: base)
            expected = base.advanced(by: records.count)
            if let update = try judge.takeUpdate(through: expected) { try models.apply(update) }
        }
        try judge.settle()
        if let update = try judge.takeUpdate(through: expected) { try models.apply(update) }
        return models
    }
}
