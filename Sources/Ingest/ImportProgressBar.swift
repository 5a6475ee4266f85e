// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Platform

/// The progress line of an import: nothing for short ones, then a bar a few times a second.
///
/// Makes text only; who prints it decides whether a person sits there.
public struct ImportProgressBar: Sendable {
    /// Time before the first line, in nanoseconds: what is done sooner needs no bar.
    static let quietNanoseconds: Int64 = 500_000_000
    /// Time between lines, in nanoseconds.
    static let intervalNanoseconds: Int64 = 100_000_000
    /// Cells of the bar.
    static let width = 24

    private let start: Int64
    private var last: Int64?

    /// Whether a line was shown that has to be cleared at the end.
    public var isShown: Bool { last != nil }

    /// Starts at a monotonic time.
    public init(now: Int64 = monotonicNanoseconds()) { start = now }

    /// The line to show, without an end; nil when it is too early or too soon after the last one.
    public mutating func line(_ progress: ImportProgress, now: Int64 = monotonicNanoseconds()) -> String? {
        guard now - start >= ImportProgressBar.quietNanoseconds,
            last.map({ now - $0 >= ImportProgressBar.intervalNanoseconds }) ?? true
        else { return nil }
        last = now
        let total = max(1, progress.totalBytes)
        let cells = min(ImportProgressBar.width, progress.bytes * ImportProgressBar.width / total)
        let bar = String(repeating: "#", count: cells) + String(repeating: ".", count: ImportProgressBar.width - cells)
        let seconds = Double(now - start) / 1e9
        let rate = Int(Double(progress.records) / seconds)
        return "[\(bar)] \(min(100, progress.bytes * 100 / total)) %  \(progress.records) records  \(rate)/s"
    }
}
