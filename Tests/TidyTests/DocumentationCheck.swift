// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Every `public` declaration carries a documentation comment whose first line is a sentence of its own.
enum DocumentationCheck {
    static func findings(in file: TreeFile) -> [Finding] {
        guard file.path.hasPrefix("Sources/") else { return [] }
        let code = SwiftCode(file.text)
        var findings: [Finding] = []
        for (index, line) in code.lines.enumerated() where declaresPublic(line) {
            guard let first = documentation(code, before: index) else {
                findings.append(Finding(path: file.path, line: index + 1, message: "public and undocumented"))
                continue
            }
            let sentence = first.drop { $0 == "/" || $0 == " " }
            if sentence.isEmpty {
                findings.append(
                    Finding(path: file.path, line: index + 1, message: "the comment starts empty")
                )
            }
        }
        return findings
    }

    private static func declaresPublic(_ line: String) -> Bool {
        let words = line.split(separator: " ").map(String.init)
        guard let place = words.firstIndex(of: "public"), words[..<place].allSatisfy({ $0.hasPrefix("@") })
        else {
            return false
        }
        // `public import` declares nothing, and an extension says what it is in its members.
        return !words.dropFirst(place).prefix(2).contains { $0 == "import" || $0 == "extension" }
            && !words.dropFirst(place + 1).starts(with: ["internal(set)"])
    }

    /// The first line of the comment directly above, over attributes; nil if there is none.
    private static func documentation(_ code: SwiftCode, before index: Int) -> String? {
        var line = index - 1
        while line >= 0, isAttribute(code.lines[line]) { line -= 1 }
        var first: String?
        while line >= 0, let comment = code.comments[line], comment.hasPrefix("///") {
            first = comment
            line -= 1
        }
        return first
    }

    private static func isAttribute(_ line: String) -> Bool {
        let trimmed = line.drop { $0 == " " }
        return trimmed.hasPrefix("@") && !trimmed.contains(" func ") && !trimmed.contains("{")
    }
}
