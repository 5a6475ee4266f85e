// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Testing
import Timelines

@testable import Correlation
@testable import Pipeline

/// What the journal is told of verdicts that late evidence changes.
struct IncidentBoardTests {
    private static func alert(_ id: String, episode: Int, count: Int = 1) -> Alert {
        var alert = Alert(
            id: id,
            rule: "r",
            title: "t",
            level: .high,
            key: [],
            first: .absent,
            last: .absent,
            count: count,
            cause: .zero,
            assets: [],
            users: [],
            addresses: [],
            joinWindow: 1,
            evidence: [],
            attribution: Alert.Attribution(author: "", license: "", references: [])
        )
        alert.episode = episode
        return alert
    }

    private static func revision(_ kind: Revision.Kind, _ alert: Alert) -> Judgement {
        Judgement(
            judged: [],
            alerts: [],
            revisions: [Revision(kind: kind, alert: alert, reason: "late evidence at offset 7")]
        )
    }

    @Test func `confirmed, amended and retracted verdicts are facts that say because of what`() {
        var board = IncidentBoard()
        func told(_ judgement: Judgement) -> [String] {
            board.take([judgement]).map { fact in
                [fact["fact"], fact["id"], fact["replaces"], fact["because"]].map { $0?.text ?? "-" }
                    .joined(separator: " ")
            }
        }
        #expect(
            told(Judgement(judged: [], alerts: [Self.alert("AL-1", episode: 0)])) == [
                "alert.confirmed AL-1 - -"
            ]
        )
        let because = "late evidence at offset 7"
        #expect(
            told(Self.revision(.amended, Self.alert("AL-2", episode: 0, count: 2)))
                == ["alert.amended AL-2 AL-1 \(because)"]
        )
        #expect(
            told(Self.revision(.confirmed, Self.alert("AL-3", episode: 1)))
                == ["alert.confirmed AL-3 - \(because)"]
        )
        #expect(
            told(Self.revision(.retracted, Self.alert("AL-2", episode: 0)))
                == ["alert.retracted AL-2 - \(because)"]
        )
        #expect(told(Self.revision(.retracted, Self.alert("AL-9", episode: 9))) == [])
    }

    @Test func `acts and what follows from them are facts, whatever was drawn before`() throws {
        var seen = Self.alert("AL-1", episode: 0)
        seen.assets = ["P-1"]
        var later = Self.alert("AL-2", episode: 1)
        later.assets = ["P-1"]
        (later.first, later.last) = (UTCTime(nanoseconds: 9_000), UTCTime(nanoseconds: 9_000))
        (seen.first, seen.last) = (UTCTime(nanoseconds: 1_000), UTCTime(nanoseconds: 1_000))
        var act = IncidentAct(kind: .close, incident: "INC-1", actor: "ops", time: seen.first, reason: "WO")
        act.offset = Offset(7)
        act.marks = AlertMark.marks(of: [seen])
        act.suppression = .init(scope: [.device], from: seen.first, until: UTCTime(nanoseconds: 10_000))
        var undo = IncidentAct(kind: .undo, incident: "INC-1", actor: "ops", time: seen.first, reason: "no")
        undo.undone = [Offset(7)]
        var board = IncidentBoard()
        func told() -> [String] {
            board.draw([], AssetRegister()).facts.map { fact in
                "\(fact["fact"]?.text ?? "-") \(fact["id"]?.text ?? "-")"
            }
        }
        _ = board.take([Judgement(judged: [], alerts: [seen, later])])
        #expect(told() == ["incident.opened INC-1", "incident.opened INC-2"])
        board.decide(act)
        #expect(told() == ["incident.closed INC-1", "suppression.applied AL-2", "incident.suppressed INC-2"])
        #expect(told() == [])
        board.decide(undo)
        #expect(told() == ["incident.reopened INC-1", "incident.opened INC-2", "suppression.ended AL-2"])
        var acknowledgement = IncidentAct(
            kind: .acknowledge,
            incident: "INC-1",
            actor: "ops",
            time: seen.first,
            reason: ""
        )
        acknowledgement.marks = act.marks
        board.decide(acknowledgement)
        #expect(told() == ["incident.acknowledged INC-1"])
        acknowledgement.kind = .note
        acknowledgement.offset = Offset(9)
        board.decide(acknowledgement)
        #expect(told() == ["incident.remarked INC-1"])
        // The same acts before anything was drawn: the same incidents.
        var other = IncidentBoard()
        other.decide(act)
        _ = other.take([Judgement(judged: [], alerts: [seen, later])])
        let drawn = other.draw([], AssetRegister())
        #expect(drawn.incidents.map(\.state) == [.closed])
        #expect(drawn.reviews.map(\.suppression?.incident) == ["INC-1"])
    }

    /// Facts about incidents of a drawing.
    private static func told(_ board: inout IncidentBoard) -> [String] {
        board.draw([], AssetRegister()).facts.map { fact in
            let into = fact["into"]?.elements?.compactMap(\.text).joined(separator: "+") ?? fact["into"]?.text
            let parts = [
                fact["fact"]?.text, fact["id"]?.text, fact["from"]?.text ?? into, fact["because"]?.text,
            ]
            return parts.compactMap { $0 }.joined(separator: " | ")
        }
    }

    /// An alert at a second, on assets.
    private static func alert(_ letter: String, _ episode: Int, _ second: Int64, _ assets: [String]) -> Alert
    {
        var alert = alert("AL-" + letter, episode: episode)
        alert.key = [letter]
        alert.first = UTCTime(nanoseconds: second * UTCTime.second)
        alert.last = alert.first
        alert.joinWindow = 3_600 * UTCTime.second
        alert.assets = assets
        return alert
    }

    @Test func `an incident whose joining alert is retracted falls apart by a fact that says why`() {
        var board = IncidentBoard()
        let bridge = Self.alert("B", 1, 2, ["P-1", "P-2"])
        let (one, two) = (Self.alert("A", 0, 1, ["P-1"]), Self.alert("C", 2, 3, ["P-2"]))
        _ = board.take([Judgement(judged: [], alerts: [one, two])])
        #expect(Self.told(&board) == ["incident.opened | INC-A", "incident.opened | INC-C"])
        _ = board.take([Self.revision(.confirmed, bridge)])
        #expect(
            Self.told(&board) == [
                "incident.extended | INC-A", "incident.merged | INC-C | INC-A | r and r share asset P-2",
            ]
        )
        _ = board.take([Self.revision(.retracted, bridge)])
        let because = "AL-B of r was retracted, late evidence at offset 7"
        #expect(
            Self.told(&board) == ["incident.extended | INC-A", "incident.split | INC-C | INC-A | \(because)"]
        )
        // Reversible: what comes again joins again.
        _ = board.take([Self.revision(.confirmed, bridge)])
        #expect(Self.told(&board).last == "incident.merged | INC-C | INC-A | r and r share asset P-2")
    }

    @Test
    func `an incident that loses its oldest alert is split into what is left, or goes on under another id`() {
        var board = IncidentBoard()
        let bridge = Self.alert("A", 0, 1, ["P-1", "P-2"])
        let (one, two) = (Self.alert("B", 1, 2, ["P-1"]), Self.alert("C", 2, 3, ["P-2"]))
        _ = board.take([Judgement(judged: [], alerts: [bridge, one, two])])
        #expect(Self.told(&board) == ["incident.opened | INC-A"])
        _ = board.take([Self.revision(.retracted, bridge)])
        let because = "AL-A of r was retracted, late evidence at offset 7"
        #expect(
            Self.told(&board) == [
                "incident.split | INC-B | INC-A | \(because)", "incident.split | INC-C | INC-A | \(because)",
                "incident.split | INC-A | INC-B+INC-C | \(because)",
            ]
        )
        var amended = Self.alert("D", 1, 1, ["P-1"])
        amended.key = one.key
        _ = board.take([Self.revision(.amended, amended)])
        #expect(
            Self.told(&board) == [
                "incident.opened | INC-D",
                "incident.merged | INC-B | INC-D | AL-B of r does not hold any more",
            ]
        )
    }

    @Test func `an operator's split and merge are told with who and why`() {
        var board = IncidentBoard()
        let (one, two) = (Self.alert("A", 0, 1, ["P-1"]), Self.alert("B", 1, 2, ["P-1"]))
        _ = board.take([Judgement(judged: [], alerts: [one, two])])
        #expect(Self.told(&board) == ["incident.opened | INC-A"])
        var split = IncidentAct(
            kind: .split,
            incident: "INC-A",
            actor: "ops",
            time: one.first,
            reason: "drill"
        )
        split.offset = Offset(9)
        split.marks = AlertMark.marks(of: [two])
        board.decide(split)
        #expect(
            Self.told(&board) == [
                "incident.extended | INC-A", "incident.split | INC-B | INC-A | split by ops, act 9: drill",
            ]
        )
        var merge = IncidentAct(kind: .merge, incident: "INC-A", actor: "ops", time: one.first, reason: "one")
        merge.offset = Offset(10)
        (merge.other, merge.marks) = ("INC-B", AlertMark.marks(of: [one]))
        merge.otherMarks = AlertMark.marks(of: [two])
        board.decide(merge)
        #expect(
            Self.told(&board).last
                == "incident.merged | INC-B | INC-A | r and r are one incident by ops, act 10: one"
        )
    }
}
