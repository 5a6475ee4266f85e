// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// What must exist together: a folder and its line in `Sources/README.md`, a module and its first article, a
/// target and its tests, a decoder and its samples, a rule and its events.
enum InventoryCheck {
    static func findings(paths: [String], sourcesReadme: String) -> [Finding] {
        var findings: [Finding] = []
        for folder in folders(under: "Sources/", of: paths) {
            let path = "Sources/" + folder
            if !sourcesReadme.contains("| `\(folder)` |") {
                findings.append(Finding(path: path, line: 1, message: "no line in Sources/README.md"))
            }
            let hasSwift = paths.contains { $0.hasPrefix(path + "/") && $0.hasSuffix(".swift") }
            let article = "\(path)/\(folder).docc/\(folder).md"
            if hasSwift, folder != "wardline", !paths.contains(article) {
                findings.append(Finding(path: path, line: 1, message: "no first article \(article)"))
            }
            let tests = folder == "wardline" ? "CommandLineTests" : folder + "Tests"
            if hasSwift,
                !paths.contains(where: { $0.hasPrefix("Tests/\(tests)/") && $0.hasSuffix("Tests.swift") })
            {
                findings.append(Finding(path: path, line: 1, message: "no tests in Tests/\(tests)"))
            }
        }
        for path in paths where !isPlaced(path) {
            findings.append(Finding(path: path, line: 1, message: "no place in the layout of the repository"))
        }
        return findings
    }

    /// What a content file must say about itself, at the start of a line.
    static let neededKeys = [
        "decoders/": ["id:", "version:", "title:", "samples:"],
        "rules/": ["title:", "id:", "description:", "level:", "author:", "license:"],
    ]

    static func findings(inContent file: TreeFile) -> [Finding] {
        let keys = neededKeys.first { file.path.hasPrefix($0.key) }?.value ?? []
        let starts = file.lines.map { $0.drop { $0 == " " || $0 == "-" } }
        return keys.filter { key in !starts.contains { $0.hasPrefix(key) } }.map { key in
            Finding(path: file.path, line: 1, message: "no `\(key)`")
        }
    }

    /// The layout (STYLE section 1 and the README).
    static let places = [
        "Sources/", "Tests/", "schemas/", "replay/", "docs/", "Benchmarks/", "rules/", "decoders/", ".ci/",
        // A suite for other engines too: it depends on nothing of ours and is taken as a folder.
        "conformance/",
    ]
    static let rootFiles: Set<String> = [
        "Package.swift", "Package.resolved", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
        "LICENSE",
        "Makefile", ".swift-format", ".editorconfig", ".gitignore", ".git",
    ]

    private static func isPlaced(_ path: String) -> Bool {
        path.contains("/") ? places.contains(where: path.hasPrefix) : rootFiles.contains(path)
    }

    private static func folders(under prefix: String, of paths: [String]) -> [String] {
        let found = paths.filter { $0.hasPrefix(prefix) }.compactMap { path -> String? in
            let parts = path.dropFirst(prefix.count).split(separator: "/")
            return parts.count > 1 ? String(parts[0]) : nil
        }
        return Set(found).sorted()
    }
}
