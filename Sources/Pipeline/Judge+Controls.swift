// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Inventory
import Projections
import Timelines
import WireFormats

/// Control records: imports, content in force, ticks, losses, what operators decided.
extension Judge {
    /// Acts on the control record at `offset`.
    mutating func control(_ records: RecordBatch, _ index: Int, _ offset: Offset) {
        let row = records.rows[index]
        let fact = (try? JSONValue(parsing: records.payload(index).span)) ?? .null
        switch row.kind {
        case .tick: tick(row.logTime)
        case .importBegin: beginImport(fact, offset)
        case .importEnd: endImport(fact)
        case .siteFact, .activation: bring(row.kind, fact, offset)
        case .loss:
            lose(Judge.loss(fact, offset))
            note([VerdictFacts.intake("intake.lost", fact, offset)])
        case .fault: note([VerdictFacts.intake("intake.fault", fact, offset)])
        // A file that was begun waits to be resumed; files that ended wait for no more.
        case .start, .stop:
            let before = index > 0 ? records.rows[index - 1].logTime : lastLogTime
            if row.kind == .start {
                correlator.lose(nil, from: before, through: row.logTime, reason: "Wardline did not run")
            }
            if imported?.isInFile == false { concludeImport() }
        case .removed:
            removedEnd = max(removedEnd, offset.advanced(by: 1))
            journal.lose(offset)
        case .act: decide(fact, offset)
        case .device, .position, .fact: break
        }
    }

    private mutating func decide(_ fact: JSONValue, _ offset: Offset) {
        guard let act = IncidentAct(fact, at: offset) else {
            note([VerdictFacts.refused("the act at offset \(offset) is not understood")])
            return
        }
        board.decide(act)
        note([VerdictFacts.act(act)])
    }

    private mutating func lose(_ loss: LossRow) {
        update.losses.append(loss)
        // What was lost was stamped a little before it should have come.
        correlator.lose(
            loss.listener.isEmpty ? nil : loss.listener,
            from: loss.from.isPresent ? loss.from.advanced(by: -content.lateness) : loss.from,
            through: loss.through,
            reason: loss.reason
        )
    }

    private mutating func tick(_ logTime: UTCTime) {
        guard imported == nil else { return }
        watermark = max(watermark, logTime.advanced(by: -content.lateness))
        correlator.advance(to: watermark)
    }

    private mutating func beginImport(_ fact: JSONValue, _ offset: Offset) {
        var state = imported ?? OpenImport()
        state.isInFile = true
        imported = state
        begun = ImportRow(
            sha256: fact["sha256"]?.text ?? "",
            file: fact["file"]?.text ?? "",
            state: .started,
            begin: offset,
            bytes: fact["bytes"]?.integer ?? 0,
            referenceTime: fact["reference_time"]?.text.flatMap { UTCTime(rfc3339: $0) } ?? .absent
        )
        if let begun { update.imports.append(begun) }
    }

    private mutating func endImport(_ fact: JSONValue) {
        imported?.isInFile = false
        if var ended = begun {
            ended.state = .complete
            ended.records = fact["records"]?.integer ?? 0
            update.imports.removeAll { $0.sha256 == ended.sha256 }
            update.imports.append(ended)
        }
        begun = nil
        if fact["more"]?.bool != true { concludeImport() }
    }

    private mutating func bring(_ kind: RecordKind, _ fact: JSONValue, _ offset: Offset) {
        let (change, refused) = content.apply(kind, fact)
        note(refused.map(VerdictFacts.refused))
        if change.contains(.rules) { correlator.replace(content.rules) }
        guard change.contains(.site) else { return }
        replaceSite(fact["role"]?.text ?? "", offset)
        counters.siteChanged()
        if change.contains(.assets) { update.inventory = content.site.assets.map(DeviceDefinition.init) }
    }

    /// A binding, a change record or a device that was not known also concerns what was judged lately; zones
    /// and approved versions are policy, which is in force from now on (decision 0045).
    private mutating func replaceSite(_ role: String, _ offset: Offset) {
        guard ["assets", "bindings", "changes"].contains(role) else {
            correlator.replace(content.site)
            return
        }
        note(board.take(known(correlator.takeJudgements())))
        let site = content.site
        board.reconsider { [role] events in
            correlator.replace(
                site,
                reconsidering: events,
                keepsKnown: role != "bindings",
                because: "\(role) that came at offset \(offset)"
            )
        }
    }

    private static func loss(_ fact: JSONValue, _ offset: Offset) -> LossRow {
        LossRow(
            offset: offset,
            listener: fact["listener"]?.text ?? "",
            count: fact["count"]?.integer ?? 0,
            from: fact["from"]?.text.flatMap { UTCTime(rfc3339: $0) } ?? .absent,
            through: fact["through"]?.text.flatMap { UTCTime(rfc3339: $0) } ?? .absent,
            reason: fact["reason"]?.text ?? ""
        )
    }
}
