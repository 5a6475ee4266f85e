// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation

/// Markdown: exactly one title, and links within the repository that lead somewhere.
enum MarkdownCheck {
    static func findings(in file: TreeFile, exists: (String) -> Bool) -> [Finding] {
        var findings: [Finding] = []
        var titles = 0
        var isInFence = false
        for (index, line) in file.lines.enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isInFence.toggle()
                continue
            }
            guard !isInFence else { continue }
            if line.hasPrefix("# ") { titles += 1 }
            for target in targets(of: line) where !exists(resolved(target, from: file.path)) {
                findings.append(
                    Finding(
                        path: file.path,
                        line: index + 1,
                        message: "the link to `\(target)` leads nowhere"
                    )
                )
            }
        }
        if titles != 1 {
            findings.append(Finding(path: file.path, line: 1, message: "\(titles) titles instead of one"))
        }
        if isInFence {
            findings.append(Finding(path: file.path, line: 1, message: "a code fence is not closed"))
        }
        return findings
    }

    /// Targets of inline links, without outside addresses and places inside the file.
    private static func targets(of line: Substring) -> [String] {
        line.components(separatedBy: "](").dropFirst().compactMap { part in
            guard let end = part.firstIndex(of: ")") else { return nil }
            let target = part[..<end].split(separator: "#", omittingEmptySubsequences: false).first.map(
                String.init
            )
            guard let target, !target.isEmpty, !target.contains("://"), !target.hasPrefix("mailto:") else {
                return nil
            }
            return target
        }
    }

    private static func resolved(_ target: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": if parts.popLast() == nil { return "../" }
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}

/// Every text file: no machine's path, no conflict mark, no blob, no left-over of an editor.
enum TextCheck {
    /// Largest committed file: 1 MiB.
    ///
    /// Larger samples are made, not kept.
    static let fileMaxBytes = 1 << 20

    /// Roots of machines that built this once: no committed text may name a file below them.
    static let machineRoots = [
        "/wo" + "rk/", "/roo" + "t/", "/User" + "s/", "/home/run" + "ner", "C:\\User" + "s\\run",
    ]

    static func findings(in file: TreeFile, bytes: Int) -> [Finding] {
        var findings: [Finding] = []
        func found(_ line: Int, _ message: String) {
            findings.append(Finding(path: file.path, line: line, message: message))
        }
        if bytes > fileMaxBytes { found(1, "\(bytes) bytes, limit \(fileMaxBytes)") }
        if [".bak", ".orig", ".rej", ".tmp", "~"].contains(where: file.path.hasSuffix) {
            found(1, "a left-over file")
        }
        // A golden without incidents is empty and says so.
        if bytes == 0, !file.path.hasPrefix("replay/") { found(1, "an empty file") }
        guard !isInput(file.path) else { return findings }
        for (index, line) in file.lines.enumerated() {
            for root in machineRoots where line.contains(root) {
                found(index + 1, "a machine's path under `\(root)`")
            }
            if line.hasPrefix("<<<<<<< ") || line.hasPrefix(">>>>>>> ") {
                found(index + 1, "a conflict mark")
            }
        }
        return findings
    }

    /// Logs as devices wrote them may name any path.
    private static func isInput(_ path: String) -> Bool {
        path.hasPrefix("replay/") || path.hasPrefix("decoders/")
    }
}
