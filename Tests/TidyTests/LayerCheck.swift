// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// What `Package.swift` declares of our targets, read from its text.
///
/// Reads the forms this package uses: `layer(NAME, [...])`, `tests(NAME, [...])` and `.target(name: NAME,
/// ...)`.
struct PackageTargets {
    struct Target: Equatable {
        var name: String
        var line: Int
        var dependencies: [String]
        /// Whether the declaration gives `swiftSettings: strict`, or uses one of the two functions that do.
        var isStrict: Bool
    }

    var targets: [Target] = []

    init(_ package: String) {
        let text = package.split(separator: "\n", omittingEmptySubsequences: false)
        guard
            let start = text.firstIndex(where: { $0.contains("targets: [") && !$0.contains("targets: [\"") })
        else {
            return
        }
        var line = start + 1
        while line < text.count {
            guard let opening = PackageTargets.opening(text[line]) else {
                line += 1
                continue
            }
            var depth = 0
            var body = ""
            let first = line
            repeat {
                body += text[line] + "\n"
                depth += text[line].filter { $0 == "(" }.count - text[line].filter { $0 == ")" }.count
                line += 1
            } while depth > 0 && line < text.count
            targets.append(PackageTargets.target(opening, body, line: first + 1))
        }
    }

    func target(named name: String) -> Target? { targets.first { $0.name == name } }

    private static func opening(_ line: Substring) -> String? {
        let trimmed = line.drop { $0 == " " }
        return ["layer(", "tests(", ".target(", ".executableTarget(", ".testTarget("].first {
            trimmed.hasPrefix($0)
        }
    }

    private static func target(_ opening: String, _ body: String, line: Int) -> Target {
        var quoted: [String] = []
        for (index, part) in body.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
        where index % 2 == 1 { quoted.append(String(part)) }
        let isShort = opening == "layer(" || opening == "tests("
        return Target(
            name: quoted.first ?? "",
            line: line,
            dependencies: Array(quoted.dropFirst()),
            isStrict: isShort || body.contains("swiftSettings: strict")
        )
    }
}

/// Settings and layers: no target drops a strict setting, no module imports upward or what it does not
/// declare.
enum LayerCheck {
    /// Lowest first (STYLE section 1).
    static let order = [
        "CZlib", "CMalloc", "CSHA256", "CCRC32C", "EventModel", "Digests", "Platform", "Certificates",
        "WireFormats", "SegmentLog", "Normalization", "Inventory",
        "Correlation", "Timelines", "SiteFiles", "Projections", "Pipeline", "Ingest", "QueryEngine",
        "Retention", "Cases", "Replay", "Daemon",
        "wardline",
    ]

    /// The settings that every target has, as `Package.swift` spells them.
    static let settings = [
        ".enableUpcomingFeature(\"ExistentialAny\")", ".enableUpcomingFeature(\"InternalImportsByDefault\")",
        ".enableUpcomingFeature(\"MemberImportVisibility\")",
        ".enableUpcomingFeature(\"NonisolatedNonsendingByDefault\")",
        ".enableUpcomingFeature(\"InferIsolatedConformances\")", ".strictMemorySafety()",
        ".treatAllWarnings(as: .error)",
    ]

    /// Packages that have one door each.
    static let doors: [String: Set<String>] = [
        "Crypto": ["Digests"], "GRDB": ["Projections"], "GRDBSQLite": ["Projections"], "Yams": ["SiteFiles"],
        "ArgumentParser": ["wardline"],
        "NIOCore": ["Ingest", "Replay", "Daemon"], "NIOPosix": ["Ingest", "Replay", "Daemon"],
        "NIOTLS": ["Ingest"], "NIOSSL": ["Ingest"],
        "X509": ["Certificates"], "SwiftASN1": ["Certificates"],
        "NIOHTTP1": ["Ingest"],
        "CZlib": ["SegmentLog", "Ingest"],
        "CMalloc": ["Platform"], "CSHA256": ["Digests"], "CCRC32C": ["Digests"],
    ]

    static func findings(package file: TreeFile) -> [Finding] {
        var findings: [Finding] = []
        func found(_ line: Int, _ message: String) {
            findings.append(Finding(path: file.path, line: line, message: message))
        }
        for setting in settings where !file.text.contains(setting + ",") {
            found(1, "the setting \(setting) is gone")
        }
        let optimises = ".unsafeFlags([\"-O\"], .when(configuration: .debug))"
        if file.text.replacing(optimises, with: "").contains("unsafeFlags") { found(1, "unsafeFlags") }
        let package = PackageTargets(file.text)
        for target in package.targets {
            if !target.isStrict {
                found(target.line, "`\(target.name)` is not built with the strict settings")
            }
            guard let place = order.firstIndex(of: target.name) else { continue }
            for dependency in target.dependencies {
                if let below = order.firstIndex(of: dependency), below >= place {
                    found(target.line, "`\(target.name)` depends upward on `\(dependency)`")
                }
            }
        }
        for name in order
        where !["CZlib", "CMalloc", "CSHA256", "CCRC32C"].contains(name) && package.target(named: name) == nil
        {
            found(1, "the layer `\(name)` is not declared")
        }
        return findings
    }

    static func findings(in file: TreeFile, package: PackageTargets) -> [Finding] {
        guard let name = file.target else { return [] }
        guard let target = package.target(named: name) else {
            return [
                Finding(path: file.path, line: 1, message: "no target `\(name)` is declared: a dead file")
            ]
        }
        var findings: [Finding] = []
        for (index, line) in SwiftCode(file.text).lines.enumerated() {
            guard let module = importedModule(line) else { continue }
            func found(_ message: String) {
                findings.append(Finding(path: file.path, line: index + 1, message: message))
            }
            if order.contains(module), !target.dependencies.contains(module) {
                found("`\(name)` imports `\(module)`, which Package.swift does not list for it")
            }
            if !file.isTest, let allowed = doors[module], !allowed.contains(name) {
                found("`\(module)` has its door elsewhere: \(allowed.sorted().joined(separator: ", "))")
            }
        }
        return findings
    }

    private static func importedModule(_ line: String) -> String? {
        let words = line.split(separator: " ").map(String.init)
        guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
            words[..<place].allSatisfy({
                $0.hasPrefix("@") || ["public", "internal", "private"].contains($0)
            })
        else { return nil }
        let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let path = kinds.contains(words[place + 1]) ? words.dropFirst(place + 2).first : words[place + 1]
        return path?.split(separator: ".").first.map(String.init)
    }
}
