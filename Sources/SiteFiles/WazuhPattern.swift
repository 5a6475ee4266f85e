// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A text test of a Wazuh rule as entries of a Sigma search, any of which may hold.
struct WazuhPattern {
    /// Modifiers and value of one entry.
    struct Entry: Hashable {
        var modifiers: [String]
        var value: String
    }

    /// Entries, any of which may hold.
    var entries: [Entry]
    /// Whether none may.
    var isNegated: Bool

    /// A pattern of `type`: `osmatch`, `osregex` or `pcre2`; nil for another type.
    ///
    /// `osmatch` is literal text with `^` first, `$` last and `|` between alternatives. `osregex` has
    /// expressions with a backslash, of which `\.` is any character, while a bare dot is a dot; `^` and `$`
    /// are anchors at the ends of an alternative only. Both are without case. Text of `osmatch` after a `!`
    /// is negated.
    init?(_ text: String, type: String, isNegated: Bool) {
        var text = text
        self.isNegated = isNegated
        if type == "osmatch", text.hasPrefix("!") {
            text.removeFirst()
            self.isNegated.toggle()
        }
        switch type {
        case "osmatch": entries = WazuhPattern.literals(text)
        case "osregex":
            let isPlain = !text.contains { "\\()".contains($0) }
            entries =
                isPlain
                ? WazuhPattern.literals(text)
                : [Entry(modifiers: ["re", "i"], value: WazuhPattern.expression(text))]
        case "pcre2": entries = [Entry(modifiers: ["re"], value: text)]
        default: return nil
        }
    }

    private static func literals(_ text: String) -> [Entry] {
        text.split(separator: "|").map { part in
            var literal = String(part)
            let isStart = literal.hasPrefix("^")
            if isStart { literal.removeFirst() }
            let isEnd = literal.hasSuffix("$") && !literal.hasSuffix("\\$")
            if isEnd { literal.removeLast() }
            let modifiers: [String] =
                isStart && isEnd ? [] : isStart ? ["startswith"] : isEnd ? ["endswith"] : ["contains"]
            return Entry(modifiers: modifiers, value: escaped(literal))
        }.filter { !$0.value.isEmpty }
    }

    /// Literal text as Sigma writes it.
    static func escaped(_ text: String) -> String {
        text.map { "\\*?".contains($0) ? "\\\($0)" : String($0) }.joined()
    }

    private static let classes: [Character: String] = [
        "w": "[A-Za-z0-9_@-]", "d": "[0-9]", "s": " ", "t": "\\t", "p": "[()*+,.:;<=>?\\[\\]!\"'#$%&|{}-]",
        "W": "[^A-Za-z0-9_@-]", "D": "[^0-9]", "S": "[^ ]", ".": "(?s:.)",
    ]

    private static func expression(_ text: String) -> String {
        var found = ""
        var isClass = false
        var characters = text[...]
        while let character = characters.popFirst() {
            switch character {
            case "\\":
                guard let next = characters.popFirst() else { return found }
                isClass = classes[next] != nil
                found += classes[next] ?? quoted(next)
            case "+" where isClass, "*" where isClass:
                found.append(character)
                isClass = false
            case "(", ")", "|":
                found.append(character)
                isClass = false
            case "^" where found.isEmpty || found.last == "|" || found.last == "(":
                found.append(character)
                isClass = false
            case "$" where characters.isEmpty || characters.first == "|" || characters.first == ")":
                found.append(character)
                isClass = false
            default:
                found += quoted(character)
                isClass = false
            }
        }
        return found
    }

    private static func quoted(_ character: Character) -> String {
        "\\^$.|?*+()[]{}".contains(character) ? "\\\(character)" : String(character)
    }
}
