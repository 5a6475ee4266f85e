// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Testing
import Timelines

/// What operators decide, and which alerts it concerns.
struct IncidentActsTests {
    private static let noon = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second)
    private static let day = 86_400 * UTCTime.second

    static func alert(
        _ id: String,
        days: Int64 = 0,
        rule: String = "r",
        key: [String] = ["user.name", "eve"],
        assets: [String] = ["PUMP-1"],
        users: [String] = ["eve"],
        lasting: Int64 = 0
    ) -> Alert {
        let time = noon.advanced(by: days * day)
        return Alert(
            id: "AL-" + id,
            rule: rule,
            title: id,
            level: .high,
            key: key,
            first: time,
            last: time.advanced(by: lasting * day),
            count: 1,
            cause: Offset(UInt64(max(0, days))),
            assets: assets,
            users: users,
            addresses: [],
            joinWindow: 4 * 3_600 * UTCTime.second,
            evidence: [],
            attribution: Alert.Attribution(author: "", license: "", references: [])
        )
    }

    static func close(
        _ alerts: [Alert],
        at offset: UInt64 = 100,
        _ scope: [SuppressionScope]? = nil,
        days: Int64 = 10
    ) -> IncidentAct {
        var act = IncidentAct(kind: .close, incident: "INC-A", actor: "ops", time: noon, reason: "WO-1")
        act.offset = Offset(offset)
        act.marks = AlertMark.marks(of: alerts)
        act.suppression = scope.map {
            IncidentAct.Suppression(scope: $0, from: noon, until: noon.advanced(by: days * day))
        }
        return act
    }

    private static func index(_ acts: IncidentAct...) -> IncidentActIndex {
        var all = IncidentActs()
        for act in acts { all.take(act) }
        return IncidentActIndex(all)
    }

    /// Ids of incidents and of silent alerts.
    private static func drawn(
        _ alerts: [Alert],
        _ index: IncidentActIndex
    ) -> (open: [String], silent: [String]) {
        let (cores, silent) = index.form(alerts)
        return (
            cores.map { $0.state == .closed ? "(\($0.id))" : $0.id }, silent.map(\.alert.id).sorted()
        )
    }

    @Test func `a plain close closes what was seen, and what comes later opens it again`() {
        let seen = Self.alert("A")
        let index = Self.index(Self.close([seen]))
        #expect(Self.drawn([seen], index).open == ["(INC-A)"])
        var more = seen
        more.last = seen.last.advanced(by: UTCTime.second)
        #expect(Self.drawn([more], index).open == ["INC-A"])
        let joined = Self.alert("B", rule: "other")
        #expect(Self.drawn([seen, joined], index).open == ["INC-A"])
        #expect(Self.drawn([seen, Self.alert("C", days: 2)], index).open == ["(INC-A)", "INC-C"])
    }

    @Test func `who looks into an incident does so until it is closed`() {
        let seen = Self.alert("A")
        var more = seen
        more.last = seen.last.advanced(by: UTCTime.second)
        func act(_ kind: IncidentAct.Kind, _ offset: UInt64, to assignee: String = "") -> IncidentAct {
            var act = IncidentAct(kind: kind, incident: "INC-A", actor: "a", time: seen.first, reason: "r")
            act.offset = Offset(offset)
            act.marks = AlertMark.marks(of: [seen])
            act.assignee = assignee
            return act
        }
        func states(_ acts: IncidentAct...) -> [IncidentState] {
            var all = IncidentActs()
            for act in acts { all.take(act) }
            let index = IncidentActIndex(all)
            return [[seen], [more, Self.alert("B", rule: "other")]].flatMap {
                index.form($0).cores.map(\.state)
            }
        }
        #expect(states(act(.assign, 1, to: "b"), act(.note, 2)) == [.new, .new])
        #expect(states(act(.acknowledge, 1)) == [.acknowledged, .acknowledged])
        #expect(states(act(.acknowledge, 1), act(.close, 2)) == [.closed, .new])
        #expect(states(act(.close, 1), act(.acknowledge, 2)) == [.closed, .acknowledged])
        var undo = act(.undo, 3)
        undo.undone = [Offset(1)]
        #expect(states(act(.acknowledge, 1), undo) == [.new, .new])
        let remarks = [act(.assign, 1, to: "b"), act(.assign, 2, to: "c"), act(.note, 3)].map {
            IncidentRemark($0)
        }
        #expect(remarks.assignee == "c")
        #expect(remarks.compactMap { IncidentRemark($0.json) } == remarks)
        #expect(
            [act(.assign, 1, to: "b"), act(.note, 0)].allSatisfy { IncidentAct($0.json, at: $0.offset) == $0 }
        )
        #expect(IncidentAct(act(.assign, 1).json, at: Offset(1)) == nil)
    }

    @Test func `notes push out notes, and nothing that was closed`() {
        let seen = Self.alert("A")
        var acts = IncidentActs()
        acts.take(Self.close([seen]))
        for number in 0...IncidentActs.countMax {
            var note = IncidentAct(kind: .note, incident: "I", actor: "a", time: seen.first, reason: "n")
            note.offset = Offset(UInt64(number) + 100)
            acts.take(note)
        }
        #expect(acts.inForce.count == IncidentActs.countMax + 1)
        #expect(acts.inForce.first?.kind == .close)
        #expect(acts.inForce[1].offset == Offset(101))
    }

    @Test(
        arguments: [
            ([.key], Self.alert("B", days: 2), true),
            ([.key], Self.alert("B", days: 2, assets: ["CT-1"]), false),
            ([.key], Self.alert("B", days: 2, key: ["user.name", "bob"]), false),
            ([.key], Self.alert("B", days: 2, rule: "other"), false),
            ([.key], Self.alert("B", days: 11), false),
            ([.key], Self.alert("B", days: 9, lasting: 2), false), ([.key], Self.alert("B", days: -1), false),
            ([.device], Self.alert("B", days: 2, key: [], users: ["bob"]), true),
            ([.device], Self.alert("B", days: 2, assets: ["CT-1"]), false),
            ([.device], Self.alert("B", days: 2, assets: ["CT-1", "PUMP-1"]), false),
            ([.device], Self.alert("B", days: 2, assets: []), false),
            ([.user], Self.alert("B", days: 2, key: [], assets: ["CT-1"]), true),
            ([.user], Self.alert("B", days: 2, users: ["bob"]), false),
            ([.device, .user], Self.alert("B", days: 2, users: ["bob"]), false),
            ([.device, .user], Self.alert("B", days: 2, key: []), true),
            ([.address], Self.alert("B", days: 2), false),
            ([.rule], Self.alert("B", days: 2, key: [], assets: ["CT-1"], users: []), true),
            ([.rule], Self.alert("B", days: 2, rule: "other"), false),
        ] as [([SuppressionScope], Alert, Bool)]
    )
    func `a benign close is silent about repeats within its scope and time, and about nothing else`(
        scope: [SuppressionScope],
        repeated: Alert,
        isSilent: Bool
    ) {
        let seen = Self.alert("A")
        let index = Self.index(Self.close([seen], scope))
        let (open, silent) = Self.drawn([seen, repeated], index)
        #expect(silent == (isSilent ? ["AL-B"] : []))
        let opens = !isSilent && !repeated.assets.isEmpty
        #expect(open.sorted() == (opens ? ["(INC-A)", "INC-B"] : ["(INC-A)"]))
    }

    @Test func `the closed incident counts what it keeps silent, and none of it joins an incident`() {
        let seen = Self.alert("A")
        let repeats = (1...3).map { Self.alert("R\($0)", days: $0) }
        let other = Self.alert("O", days: 1, rule: "other")
        let (cores, silent) = Self.index(Self.close([seen], [.device])).form([seen, other] + repeats)
        #expect(cores.map(\.id) == ["INC-A", "INC-O"])
        #expect(cores.first?.closures.map(\.silencedCount) == [3])
        #expect(cores.first?.closures.map(\.silencedLast) == [repeats[2].last])
        #expect(cores.last?.alerts.map(\.id) == ["AL-O"])
        #expect(silent.count == 3)
    }

    @Test func `taking a close back opens the incident and its repeats; closing again replaces it`() {
        let seen = Self.alert("A")
        let later = Self.alert("B", days: 2)
        var undo = IncidentAct(kind: .undo, incident: "INC-A", actor: "ops", time: Self.noon, reason: "no")
        undo.offset = Offset(200)
        undo.undone = [Offset(100)]
        let close = Self.close([seen], [.key])
        #expect(Self.drawn([seen, later], Self.index(close)).open == ["(INC-A)"])
        #expect(Self.drawn([seen, later], Self.index(close, undo)).open == ["INC-A", "INC-B"])
        let shorter = Self.close([seen], at: 300, [.key], days: 1)
        #expect(Self.drawn([seen, later], Self.index(close, shorter)).open == ["(INC-A)", "INC-B"])
        undo.undone = [Offset(7)]
        #expect(Self.drawn([seen, later], Self.index(close, undo)).open == ["(INC-A)"])
    }

    @Test func `the oldest acts go at the bound`() {
        var acts = IncidentActs()
        for number in 0...IncidentActs.countMax {
            var act = Self.close([Self.alert("A")], at: UInt64(number))
            act.incident = "INC-\(number)"
            acts.take(act)
        }
        #expect(acts.inForce.count == IncidentActs.countMax)
        #expect(acts.inForce.first?.incident == "INC-1")
    }

    @Test func `an act is read back as it was written; anything else is none`() throws {
        var act = Self.close(
            [Self.alert("A"), Self.alert("B", rule: "other", lasting: 1)],
            [.device, .user]
        )
        let read = try #require(IncidentAct(act.json, at: act.offset))
        #expect(read == act)
        guard case .object(let members) = act.json else { return }
        for name in ["act", "incident", "by", "time", "reason", "alerts", "from", "until"] {
            #expect(IncidentAct(.object(members.filter { $0.name != name }), at: act.offset) == nil)
        }
        act.suppression = nil
        #expect(IncidentAct(act.json, at: act.offset) == act)
        let unknown = members.map { $0.name == "scope" ? JSONValue.Member("scope", .texts(["moon"])) : $0 }
        #expect(IncidentAct(.object(unknown), at: act.offset) == nil)
    }

    @Test func `closures are read back from their line`() {
        let seen = Self.alert("A")
        let index = Self.index(Self.close([seen], [.key]))
        let closures = index.form([seen, Self.alert("B", days: 2)]).cores.flatMap(\.closures)
        #expect(closures.map(\.silencedCount) == [1])
        #expect([IncidentClosure](line: closures.line) == closures)
        #expect([IncidentClosure](line: "").isEmpty)
    }

    private static func act(
        _ kind: IncidentAct.Kind,
        at offset: UInt64,
        _ alerts: [Alert],
        _ others: [Alert] = []
    )
        -> IncidentAct
    {
        var act = IncidentAct(kind: kind, incident: "INC-A", actor: "ops", time: noon, reason: "known")
        act.offset = Offset(offset)
        act.marks = AlertMark.marks(of: alerts)
        if !others.isEmpty { act.other = "INC-\(others[0].id.dropFirst(3))" }
        act.otherMarks = AlertMark.marks(of: others)
        return act
    }

    /// The alerts of each incident, as letters.
    private static func parts(_ alerts: [Alert], _ acts: IncidentAct...) -> [String] {
        var all = IncidentActs()
        for act in acts { all.take(act) }
        return IncidentFormation.form(alerts, acts: IncidentActIndex(all)).map { core in
            core.alerts.map { String($0.id.dropFirst(3)) }.joined()
        }
    }

    @Test func `a merge joins what shares nothing, and both ids find it`() throws {
        let one = Self.alert("A")
        let other = Self.alert("B", days: 3, rule: "other", key: [], assets: ["CT-1"], users: ["bob"])
        #expect(Self.parts([one, other]) == ["A", "B"])
        let merge = Self.act(.merge, at: 9, [one], [other])
        let core = try #require(Self.index(merge).form([other, one]).cores.first)
        #expect(core.alerts.map(\.id) == ["AL-A", "AL-B"])
        #expect(core.otherIDs == ["INC-B"])
        #expect(core.joins.map(\.kind) == [.act])
        #expect(core.whyJoined == ["r and other are one incident by ops, act 9: known"])
        #expect(Self.parts([one], merge) == ["A"])
        #expect(IncidentAct(merge.json, at: merge.offset) == merge)
        var undo = Self.act(.undo, at: 10, [])
        undo.undone = [Offset(9)]
        #expect(Self.parts([one, other], merge, undo) == ["A", "B"])
    }

    @Test func `a split sets alerts apart, and what comes later joins the rest`() {
        let alerts = ["A", "B", "C"].map { Self.alert($0, rule: $0) }
        let later = Self.alert("D", rule: "D", lasting: 1)
        #expect(Self.parts(alerts + [later]) == ["ABCD"])
        let split = Self.act(.split, at: 9, [alerts[1]])
        #expect(Self.parts(alerts + [later], split) == ["ACD", "B"])
        // A chain does not break where the alert that goes was its link.
        #expect(Self.parts(alerts.reversed() + [later], split) == ["ACD", "B"])
        // What goes stays together, whatever it shares.
        let strange = Self.alert("E", rule: "E", assets: ["CT-1"], users: ["bob"])
        let merge = Self.act(.merge, at: 8, [alerts[0]], [strange])
        let far = Self.act(.split, at: 9, [alerts[1], strange])
        #expect(Self.parts(alerts + [strange], merge) == ["ABCE"])
        #expect(Self.parts(alerts + [strange], merge, far) == ["AC", "BE"])
        let both = Self.act(.split, at: 9, [alerts[1], alerts[2]])
        #expect(Self.parts(alerts + [later], both) == ["AD", "BC"])
        #expect(IncidentAct(both.json, at: both.offset) == both)
        var undo = Self.act(.undo, at: 10, [])
        undo.undone = [Offset(9)]
        #expect(Self.parts(alerts + [later], both, undo) == ["ABCD"])
    }

    @Test func `of a split and a merge the later one counts`() {
        let (one, other) = (Self.alert("A", rule: "A"), Self.alert("B", rule: "B"))
        let split = { Self.act(.split, at: $0, [other]) }
        let merge = { Self.act(.merge, at: $0, [one], [other]) }
        #expect(Self.parts([one, other], split(8), merge(9)) == ["AB"])
        #expect(Self.parts([one, other], merge(8), split(9)) == ["A", "B"])
    }

    @Test func `edges say which alerts share what, and when; entities say who is about what`() throws {
        let one = Self.alert("A", rule: "A", users: ["Eve", "bob"], lasting: 1)
        let other = Self.alert("B", rule: "B", assets: ["CT-1"], users: ["eve"])
        let core = try #require(IncidentFormation.form([one, other]).first)
        #expect(core.joins.count == 1)
        let join = try #require(core.joins.first)
        #expect([join.first, join.firstRule, join.second, join.secondRule] == ["AL-A", "A", "AL-B", "B"])
        #expect(join.kind == .user && join.value == "eve")
        #expect(join.from == one.last && join.to == other.first)
        #expect(IncidentJoin(join.json) == join)
        let incident = IncidentAssembly(core).incident { _, _ in nil }
        let found = incident.entities.map {
            "\($0.kind.rawValue) \($0.value) \($0.alerts.joined(separator: ","))"
        }
        #expect(
            found == ["asset CT-1 AL-B", "asset PUMP-1 AL-A", "user bob AL-A", "user eve AL-A,AL-B"]
        )
        #expect(Incident(incident.json)?.joins == incident.joins)
        #expect(Incident(incident.json)?.entities == incident.entities)
    }
}
