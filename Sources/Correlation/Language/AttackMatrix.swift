// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A matrix of MITRE ATT&CK by which tags of rules are read.
public enum AttackMatrix: String, Hashable, Comparable, Codable, Sendable, CaseIterable {
    /// Computers and networks: T1... and later.
    case enterprise
    /// Industrial control systems, which medical devices are nearest to: T0...
    case ics

    /// Version of both: identifiers and tactics move between versions.
    public static let version = "18"

    /// By name.
    public static func < (left: AttackMatrix, right: AttackMatrix) -> Bool { left.rawValue < right.rawValue }

    /// The matrix that a technique is of, by the form of its id; nil for what is no technique.
    static func of(technique id: String) -> AttackMatrix? {
        let parts = id.uppercased().split(separator: ".", omittingEmptySubsequences: false)
        func isNumber(_ text: Substring, digits: Int) -> Bool {
            text.utf8.count == digits && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        guard parts.count <= 2, let head = parts.first, head.first == "T",
            isNumber(head.dropFirst(), digits: 4), parts.count == 1 || isNumber(parts[1], digits: 3)
        else { return nil }
        return head.dropFirst().first == "0" ? .ics : .enterprise
    }
}

/// A stage of an attack: what somebody wants who does a technique.
public struct AttackTactic: Hashable, Comparable, Codable, Sendable {
    /// Such as `TA0008`.
    public var id: String
    /// Such as `lateral-movement`.
    public var name: String
    /// Matrix that it is of.
    public var matrix: AttackMatrix
    /// Place in the order of the matrix.
    let place: Int

    /// By matrix, then in its order.
    public static func < (left: AttackTactic, right: AttackTactic) -> Bool {
        (left.matrix, left.place) < (right.matrix, right.place)
    }

    /// All, in the order of their matrices.
    ///
    /// - Source: MITRE ATT&CK 18, Enterprise and ICS.
    public static let all: [AttackTactic] = {
        let names: [(AttackMatrix, String)] = [
            (
                .enterprise,
                """
                TA0043 reconnaissance TA0042 resource-development TA0001 initial-access TA0002 execution \
                TA0003 persistence TA0004 privilege-escalation TA0005 defense-evasion \
                TA0006 credential-access TA0007 discovery TA0008 lateral-movement TA0009 collection \
                TA0011 command-and-control TA0010 exfiltration TA0040 impact
                """
            ),
            (
                .ics,
                """
                TA0108 initial-access TA0104 execution TA0110 persistence TA0111 privilege-escalation \
                TA0103 evasion TA0102 discovery TA0109 lateral-movement TA0100 collection \
                TA0101 command-and-control TA0107 inhibit-response-function \
                TA0106 impair-process-control TA0105 impact
                """
            ),
        ]
        return names.flatMap { matrix, list in
            let words = list.split(separator: " ").map(String.init)
            return stride(from: 0, to: words.count, by: 2).map { index in
                AttackTactic(id: words[index], name: words[index + 1], matrix: matrix, place: index / 2)
            }
        }
    }()
}

/// A technique that a rule names, and the stages that it belongs to.
public struct AttackTechnique: Hashable, Codable, Sendable {
    /// Such as `T1562.001` or `T0866`.
    public var id: String
    /// Matrix that it is of.
    public var matrix: AttackMatrix
    /// Its tactics in order: those that the rule names as well, else all that are known; may be empty.
    public var tactics: [AttackTactic]

    /// The techniques of the tags of a rule, in their order, and the tactics that it names itself.
    ///
    /// A tactic that both matrices have is of those that the techniques are of, Enterprise where there are
    /// none.
    public static func read(_ tags: [String]) -> (techniques: [AttackTechnique], tactics: [AttackTactic]) {
        let words = tags.compactMap { tag in
            tag.lowercased().hasPrefix("attack.") ? String(tag.dropFirst("attack.".count)) : nil
        }
        var ids: [(id: String, matrix: AttackMatrix)] = []
        for word in words {
            guard let matrix = AttackMatrix.of(technique: word) else { continue }
            let id = word.uppercased()
            if !ids.contains(where: { $0.id == id }) { ids.append((id, matrix)) }
        }
        let matrices = Set(ids.map(\.matrix))
        let named = Set(words.map { String($0.lowercased().map { $0 == "_" ? "-" : $0 }) })
        let tactics = AttackTactic.all.filter { tactic in
            if named.contains(tactic.id.lowercased()) { return true }
            guard named.contains(tactic.name) else { return false }
            let isShared = AttackTactic.all.count { $0.name == tactic.name } > 1
            return !isShared || matrices.contains(tactic.matrix)
                || matrices.isEmpty && tactic.matrix == .enterprise
        }
        let techniques = ids.map { found in
            let known = AttackTechnique.tactics(of: found.id, found.matrix)
            let both = known.filter(tactics.contains)
            return AttackTechnique(id: found.id, matrix: found.matrix, tactics: both.isEmpty ? known : both)
        }
        return (techniques, tactics)
    }

    /// Tactics of a technique or of the one that it is below; empty for those that no shipped rule names.
    static func tactics(of id: String, _ matrix: AttackMatrix) -> [AttackTactic] {
        let base = String(id.prefix { $0 != "." })
        let names = tacticsByTechnique[base] ?? []
        return AttackTactic.all.filter { $0.matrix == matrix && names.contains($0.name) }
    }

    /// - Source: MITRE ATT&CK 18.
    private static let tacticsByTechnique: [String: Set<String>] = [
        "T1018": ["discovery"], "T1041": ["exfiltration"], "T1046": ["discovery"], "T1052": ["exfiltration"],
        "T1071": ["command-and-control"], "T1091": ["initial-access", "lateral-movement"],
        "T1105": ["command-and-control"], "T1133": ["initial-access", "persistence"],
        "T1190": ["initial-access"], "T1486": ["impact"], "T1529": ["impact"],
        "T1543": ["persistence", "privilege-escalation"], "T1547": ["persistence", "privilege-escalation"],
        "T1557": ["credential-access", "collection"], "T1572": ["command-and-control"],
        "T0814": ["inhibit-response-function"], "T0867": ["lateral-movement"],
        "T1005": ["collection"], "T1021": ["lateral-movement"], "T1029": ["exfiltration"],
        "T1048": ["exfiltration"], "T1070": ["defense-evasion"],
        "T1078": ["initial-access", "persistence", "privilege-escalation", "defense-evasion"],
        "T1090": ["command-and-control"], "T1098": ["persistence", "privilege-escalation"],
        "T1110": ["credential-access"], "T1136": ["persistence"], "T1195": ["initial-access"],
        "T1199": ["initial-access"], "T1200": ["initial-access"], "T1204": ["execution"],
        "T1210": ["lateral-movement"], "T1213": ["collection"], "T1485": ["impact"], "T1490": ["impact"],
        "T1499": ["impact"], "T1531": ["impact"], "T1542": ["persistence", "defense-evasion"],
        "T1548": ["privilege-escalation", "defense-evasion"],
        "T1556": ["credential-access", "defense-evasion", "persistence"], "T1562": ["defense-evasion"],
        "T1565": ["impact"], "T1570": ["lateral-movement"], "T1601": ["defense-evasion"],
        "T1621": ["credential-access"], "T1654": ["discovery"],
        "T0804": ["inhibit-response-function"], "T0809": ["inhibit-response-function"],
        "T0812": ["lateral-movement"], "T0816": ["inhibit-response-function"], "T0822": ["initial-access"],
        "T0826": ["impact"], "T0830": ["collection"], "T0831": ["impact"],
        "T0836": ["impair-process-control"], "T0839": ["persistence", "impair-process-control"],
        "T0846": ["discovery"], "T0847": ["initial-access"], "T0848": ["initial-access"],
        "T0857": ["persistence", "inhibit-response-function"], "T0859": ["persistence", "lateral-movement"],
        "T0863": ["execution"], "T0866": ["initial-access", "lateral-movement"],
        "T0869": ["command-and-control"], "T0883": ["initial-access"],
        "T0886": ["initial-access", "lateral-movement"], "T0888": ["discovery"], "T0889": ["persistence"],
        "T0891": ["persistence", "lateral-movement"],
        "T1003": ["credential-access"], "T1020": ["exfiltration"], "T1114": ["collection"],
        "T1219": ["command-and-control"], "T1489": ["impact"], "T1530": ["collection"],
        "T1553": ["defense-evasion"], "T1558": ["credential-access"],
        "T1047": ["execution"], "T1059": ["execution"], "T1505": ["persistence"],
        "T1528": ["credential-access"], "T0881": ["inhibit-response-function"],
    ]
}
