// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// A daemon in this process that listens on loopback ports which the system chose.
public protocol DemonstrationServer {
    /// Where it listens.
    var target: Resend.Target { get }
    /// Waits until so many device records are judged, or `seconds` have passed.
    ///
    /// - Returns: How many are judged.
    func waitUntilJudged(_ count: Int, seconds: Double) throws(WardlineError) -> Int
    /// Stops in order: what was received is stored, judged and settled.
    func stop() throws(WardlineError)
    /// Incidents with detail, oldest first; asked after ``stop()``.
    func incidents() throws(WardlineError) -> [StoredIncident]
}

/// The story that a newcomer sees first: real sockets, a real store, one incident.
///
/// Speed and patience are bounded so that the whole stays below 20 seconds. The site of the demonstration
/// switches the correction of clocks off: sending faster than life presses receive times together, and a
/// correction would take the devices' clocks for wrong.
public enum Demonstration {
    /// How much faster than life; the plan goes faster still where ``sendSecondsMax`` asks for it.
    public static let factor = 600.0

    /// Longest time to send, in seconds: long enough to see that it happens, short enough to wait for.
    public static let sendSecondsMax = 5.0

    /// Longest time to wait for the verdicts after the last line, in seconds.
    public static let judgeSecondsMax = 8.0

    /// What happened.
    public struct Outcome: Hashable, Sendable {
        /// What was sent.
        public var sent: Resend.Report
        /// Device records that were judged.
        public var judgedCount: Int
        /// What was found, oldest first, with detail.
        public var incidents: [StoredIncident]

        /// Whether every line that was sent was stored and judged.
        public var isComplete: Bool { judgedCount >= sent.lineCount }
    }

    /// Sends `lines` to `server`, waits for the verdicts, stops the server and asks for the incidents.
    ///
    /// The server is stopped whatever happens.
    ///
    /// - Throws: `input` where the server does not take the lines; what the server throws.
    public static func run(
        _ lines: [ResendLine],
        over server: some DemonstrationServer
    ) throws(WardlineError) -> Outcome {
        let sent: Resend.Report
        let judgedCount: Int
        do {
            let plan = try ResendPlan(
                lines,
                routes: Set(server.target.ports.keys),
                factor: factor,
                durationSecondsMax: sendSecondsMax
            )
            sent = try Resend.run(lines, plan: plan, to: server.target)
            judgedCount = try server.waitUntilJudged(sent.lineCount, seconds: judgeSecondsMax)
        } catch {
            // The first error is the one to report; stopping is only tidying then.
            try? server.stop()
            throw error
        }
        try server.stop()
        return Outcome(sent: sent, judgedCount: judgedCount, incidents: try server.incidents())
    }
}
