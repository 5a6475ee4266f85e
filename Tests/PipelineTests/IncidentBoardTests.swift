// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

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
}
