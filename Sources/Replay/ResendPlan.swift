// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A line to send again, with the time that paces it.
public struct ResendLine: Hashable, Sendable {
    /// The bytes of the record, without framing.
    public var bytes: [UInt8]
    /// When it happened or was received; absent lines follow the line before at once.
    public var time: UTCTime

    /// Makes a line.
    public init(bytes: [UInt8], time: UTCTime) {
        self.bytes = bytes
        self.time = time
    }
}

/// Which socket a line goes to.
public enum ResendRoute: String, Sendable, CaseIterable {
    /// One datagram of syslog.
    case udp
    /// One octet-counted syslog frame (RFC 6587 section 3.4.1): the only framing that holds any byte.
    case tcp
    /// One JSON line.
    case jsonLines
}

/// When and where each line goes: a pure function of the lines, so that a test can read it.
///
/// The gaps between lines are those of their times divided by `factor`; the order of the lines is kept. Time
/// that goes back counts as no gap. The whole is squeezed to `durationSecondsMax` where it would take longer.
public struct ResendPlan: Hashable, Sendable {
    /// One line on its way.
    public struct Step: Hashable, Sendable {
        /// Index of the line.
        public var line: Int
        /// Nanoseconds after the start.
        public var due: Int64
        /// Which socket.
        public var route: ResendRoute
    }

    /// Shortest gap between lines, in nanoseconds: 20,000 lines a second, so that a receiver with default
    /// socket buffers (212,992 bytes) loses no datagram while its reading thread is scheduled.
    public static let gapMin: Int64 = 50_000

    /// Most lines of one plan: 4,000,000, some 1.3 GB of syslog; more is a load test, not a scenario.
    public static let lineCountMax = 4_000_000

    /// Longest datagram payload over IPv4; longer lines go over TCP.
    public static let datagramBytesMax = 65_507

    /// Steps in the order of the lines.
    public let steps: [Step]
    /// How much faster than the lines' own time it goes; greater than asked for where the plan was squeezed.
    public let factor: Double

    /// Plans the sending of `lines`.
    ///
    /// Syslog lines go alternately to `udp` and `tcp` where `routes` has both; lines that begin with `{` go
    /// to `jsonLines` where `routes` has it.
    ///
    /// - Parameters:
    ///   - lines: At most ``lineCountMax``.
    ///   - routes: Where lines may go; at least one.
    ///   - factor: greater than 0; 60 sends an hour in a minute.
    ///   - durationSecondsMax: greater than 0.
    /// - Throws: `usage` where a number is out of its range or `routes` is empty.
    public init(
        _ lines: [ResendLine],
        routes: Set<ResendRoute>,
        factor: Double,
        durationSecondsMax: Double
    ) throws(WardlineError) {
        guard factor > 0, factor.isFinite, durationSecondsMax > 0, durationSecondsMax.isFinite else {
            throw WardlineError(
                .usage,
                "The speed factor and the longest duration must be numbers above zero."
            )
        }
        guard !routes.isEmpty else { throw WardlineError(.usage, "Name at least one port to send to.") }
        guard lines.count <= ResendPlan.lineCountMax else {
            throw WardlineError(
                .usage,
                "\(lines.count) lines are more than the \(ResendPlan.lineCountMax) that one run sends."
            )
        }
        let elapsed = ResendPlan.elapsed(lines)
        let whole = Double(elapsed.last ?? 0)
        let factor = max(factor, whole / (durationSecondsMax * 1e9))
        var steps: [Step] = []
        steps.reserveCapacity(lines.count)
        var due: Int64 = 0
        var syslogCount = 0
        for (index, line) in lines.enumerated() {
            let planned = Int64(min(Double(elapsed[index]) / factor, durationSecondsMax * 1e9))
            due = index == 0 ? planned : max(due + ResendPlan.gapMin, planned)
            let isJSON = line.bytes.first == UInt8(ascii: "{")
            if !isJSON { syslogCount += 1 }
            let route = ResendPlan.route(line, isJSON: isJSON, turn: syslogCount, routes: routes)
            steps.append(Step(line: index, due: due, route: route))
        }
        self.steps = steps
        self.factor = factor
    }

    /// Nanoseconds of lines' time from the first line to each, never going back.
    private static func elapsed(_ lines: [ResendLine]) -> [Int64] {
        guard let origin = lines.first(where: { $0.time.isPresent })?.time else {
            return Array(repeating: 0, count: lines.count)
        }
        var latest: Int64 = 0
        return lines.map { line in
            guard line.time.isPresent else { return latest }
            let (distance, overflow) = line.time.nanoseconds.subtractingReportingOverflow(origin.nanoseconds)
            if !overflow { latest = max(latest, distance) }
            return latest
        }
    }

    private static func route(
        _ line: ResendLine,
        isJSON: Bool,
        turn: Int,
        routes: Set<ResendRoute>
    ) -> ResendRoute {
        if isJSON, routes.contains(.jsonLines) { return .jsonLines }
        let fitsDatagram = line.bytes.count <= datagramBytesMax
        let preferred: [ResendRoute] =
            turn % 2 == 1 && fitsDatagram ? [.udp, .tcp, .jsonLines] : [.tcp, .udp, .jsonLines]
        return preferred.first { routes.contains($0) } ?? .tcp
    }
}
