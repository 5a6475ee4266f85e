// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Correlation

/// Tags of rules as techniques and stages of ATT&CK.
struct AttackMatrixTests {
    private static func read(_ tags: [String]) -> [String] {
        let (techniques, tactics) = AttackTechnique.read(tags)
        return techniques.map { technique in
            "\(technique.id) \(technique.matrix) \(technique.tactics.map(\.id).joined(separator: " "))"
        } + tactics.map { "\($0.id) \($0.name) \($0.matrix)" }
    }

    @Test(
        arguments: [
            (["attack.t1562.001"], ["T1562.001 enterprise TA0005"]),
            (["attack.t0866"], ["T0866 ics TA0108 TA0109"]),
            // A tactic that the rule names narrows what the technique may be.
            (
                ["attack.t1078", "attack.initial-access"],
                ["T1078 enterprise TA0001", "TA0001 initial-access enterprise"]
            ),
            (
                ["attack.T0859", "attack.lateral_movement"],
                ["T0859 ics TA0109", "TA0109 lateral-movement ics"]
            ),
            (["attack.impair-process-control"], ["TA0106 impair-process-control ics"]),
            (["attack.ta0108"], ["TA0108 initial-access ics"]),
            // A technique that no shipped rule names has the stages that its own rule says.
            (["attack.t9999", "attack.impact"], ["T9999 enterprise ", "TA0040 impact enterprise"]),
            (["attack.g0016", "attack.s0154", "cve.2021-44228", "attack.t12", "attack.t1562.1"], []),
        ] as [([String], [String])]
    ) func `tags are read as techniques of their matrix with the stages that fit`(
        tags: [String],
        expected: [String]
    ) {
        #expect(Self.read(tags) == expected)
    }

    @Test func `tactics have ids of their own, in both matrices`() {
        #expect(Set(AttackTactic.all.map(\.id)).count == 26)
        #expect(AttackTactic.all.filter { $0.matrix == .ics }.count == 12)
        #expect(AttackTactic.all == AttackTactic.all.sorted())
    }
}
