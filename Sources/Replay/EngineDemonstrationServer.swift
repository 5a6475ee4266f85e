// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Ingest
import Platform
public import Projections

/// The demonstration's server: a store of its own and listeners on loopback ports that the system chose.
public final class EngineDemonstrationServer: DemonstrationServer {
    /// Time between looks at how far the judge is, in nanoseconds: quick to a person, nothing to the machine.
    private static let lookNanoseconds: Int64 = 20_000_000

    /// Where it listens.
    public let target: Resend.Target

    private let store: ReplayStore
    private let listeners: Listeners
    /// Device records that the store held before.
    private let recordsBefore: Int64
    /// Never given anything: waiting on it is a pause.
    private let pause = HandoverQueue<Never>(capacity: 1)

    /// Serves `store` over `listeners`, which are bound to loopback and feed its engine.
    ///
    /// - Throws: `internal` where a listener's address has no port.
    public init(store: ReplayStore, listeners: Listeners) throws(WardlineError) {
        self.store = store
        self.listeners = listeners
        recordsBefore = try store.models.totals().records
        var ports: [ResendRoute: Int] = [:]
        var host = ""
        for status in listeners.status {
            guard let colon = status.address.lastIndex(of: ":"),
                let port = Int(status.address[status.address.index(after: colon)...])
            else {
                throw WardlineError(.internal, "The listener \(status.name) has no port: \(status.address).")
            }
            host = String(status.address[..<colon].drop { $0 == "[" }.prefix { $0 != "]" })
            ports[EngineDemonstrationServer.route(status)] = port
        }
        target = Resend.Target(host: host, ports: ports)
    }

    private static func route(_ status: ListenerStatus) -> ResendRoute {
        if status.transport == "udp" { return .udp }
        return status.wireProtocol == "syslog" ? .tcp : .jsonLines
    }

    /// Waits until so many device records are judged, or `seconds` have passed.
    public func waitUntilJudged(_ count: Int, seconds: Double) throws(WardlineError) -> Int {
        let end = monotonicNanoseconds() + Int64(seconds * 1e9)
        while true {
            let judged = Int(try store.models.totals().records - recordsBefore)
            guard judged < count, monotonicNanoseconds() < end else { return judged }
            _ = pause.take(waitingNanoseconds: EngineDemonstrationServer.lookNanoseconds)
        }
    }

    /// Stops listening, then stores and judges what was received.
    public func stop() throws(WardlineError) {
        listeners.stop()
        try store.close()
    }

    /// Incidents with detail, oldest first.
    public func incidents() throws(WardlineError) -> [StoredIncident] { try store.models.incidents() }
}
