// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A progress line: nothing for what is short, then a bar a few times a second.
///
/// Makes text only; who prints it decides whether a person sits there.
public struct ProgressBar: Sendable {
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
    ///
    /// - Parameters:
    ///   - done: What is done of `total`, in any unit.
    ///   - records: Records so far, for the rate.
    public mutating func line(
        done: Int,
        of total: Int,
        records: Int,
        now: Int64 = monotonicNanoseconds()
    ) -> String? {
        guard now - start >= ProgressBar.quietNanoseconds,
            last.map({ now - $0 >= ProgressBar.intervalNanoseconds }) ?? true
        else { return nil }
        last = now
        let total = max(1, total)
        let cells = min(ProgressBar.width, done * ProgressBar.width / total)
        let bar =
            String(repeating: "#", count: cells)
            + String(repeating: ".", count: ProgressBar.width - cells)
        let seconds = Double(now - start) / 1e9
        let rate = Int(Double(records) / seconds)
        return "[\(bar)] \(min(100, done * 100 / total)) %  \(records) records  \(rate)/s"
    }
}
