// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation

/// A text file of the repository, with its path from the root.
struct TreeFile: Sendable {
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var name: String { String(path.split(separator: "/").last ?? "") }
    var isTest: Bool { path.hasPrefix("Tests/") }
    /// The folder below `Sources` or `Tests`, which is the target's name; nil elsewhere, and in a package of
    /// its own.
    var target: String? {
        if path.hasPrefix("Tests/fuzz/") { return nil }
        let parts = path.split(separator: "/")
        return parts.count > 2 && ["Sources", "Tests"].contains(parts[0]) ? String(parts[1]) : nil
    }
}

/// The repository as it lies on disk, without build products and version control.
struct SourceTree: Sendable {
    /// Paths of all files from the root, sorted, with their sizes in bytes.
    let sizes: [String: Int]
    let paths: [String]
    private let root: String

    /// The tree that holds this source file.
    static let whole = SourceTree(root: SourceTree.root(of: #filePath))

    private static func root(of file: String) -> String {
        // Resolved first: the tests may be built through a symbolic link to this folder.
        let resolved = URL(fileURLWithPath: file).resolvingSymlinksInPath()
        return resolved.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path
    }

    /// Folders that hold nothing of ours.
    private static let skipped: Set<String> = [".build", ".git", ".swiftpm", "__pycache__", "wardline-demo"]

    init(root: String) {
        self.root = root
        var sizes: [String: Int] = [:]
        let keys: [URLResourceKey] = [.isDirectoryKey, .fileSizeKey]
        let base = URL(fileURLWithPath: root)
        var folders = [base]
        while let folder = folders.popLast() {
            let found =
                (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: keys))
                ?? []
            for item in found where !SourceTree.skipped.contains(item.lastPathComponent) {
                let values = try? item.resourceValues(forKeys: Set(keys))
                if values?.isDirectory == true {
                    folders.append(item)
                } else {
                    sizes[String(item.path.dropFirst(root.count + 1))] = values?.fileSize ?? 0
                }
            }
        }
        self.sizes = sizes
        paths = sizes.keys.sorted()
    }

    /// Whether a file or folder lies at `path`.
    func contains(_ path: String) -> Bool { FileManager.default.fileExists(atPath: root + "/" + path) }

    /// The text files whose path satisfies `isWanted`, in order.
    func files(_ isWanted: (String) -> Bool) -> [TreeFile] {
        paths.filter(isWanted).map { path in
            let bytes = FileManager.default.contents(atPath: root + "/" + path) ?? Data()
            return TreeFile(path: path, text: String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Every Swift source of the package, `Package.swift` among them.
    var swiftFiles: [TreeFile] { files { $0.hasSuffix(".swift") } }
}

/// What a check found: where, and what is wrong in words.
struct Finding: Hashable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// The findings as one text, so that a failed expectation shows all of them.
func report(_ findings: [Finding]) -> String { findings.map(\.description).joined(separator: "\n") }
