// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Platform
import SiteFiles
import Synchronization

/// Addresses that the site files bind to assets, as `allow: inventory` asks for them.
public final class InventoryAddresses: Sendable {
    private let addresses = Mutex<Set<IPAddress>>([])

    /// Knows no address yet.
    public init() {}

    /// Takes the addresses of the site files in force.
    public func replace(_ addresses: Set<IPAddress>) { self.addresses.withLock { $0 = addresses } }

    func contains(_ address: IPAddress) -> Bool { addresses.withLock { $0.contains(address) } }
}

/// The first steps of every listener: who may send, how many at once, how fast; and what was refused.
///
/// All transports share it: authorise, limit, then frame, append and acknowledge. Owned by the listener's
/// event loop or thread.
struct IntakeGate {
    let listener: String
    let limits: IntakeLimits
    let counters: ListenerCounters
    private let connectionCountMax: Int
    private let inventory: InventoryAddresses
    private let clock: any WallClock
    private var connectionCount = 0
    private var connectionCounts: [IPAddress: Int] = [:]
    private var meter: RateMeter?
    private var ledger = FaultLedger()

    init(
        listener: String,
        limits: IntakeLimits,
        connectionCountMax: Int,
        counters: ListenerCounters,
        inventory: InventoryAddresses,
        clock: any WallClock
    ) {
        self.listener = listener
        self.limits = limits
        self.connectionCountMax = connectionCountMax
        self.counters = counters
        self.inventory = inventory
        self.clock = clock
        meter = limits.recordsPerSecondMax.map { RateMeter(recordsPerSecondMax: $0) }
    }

    /// Whether anything is asked of a peer before its records are taken.
    var isOpen: Bool { limits.allowed == .everyone && meter == nil }

    /// Whether `peer` may send; a sender without an address is on this machine and passed file permissions.
    private func isAllowed(_ peer: IPAddress?) -> Bool {
        guard let peer else { return true }
        switch limits.allowed {
        case .everyone: return true
        case .inventory: return inventory.contains(peer)
        case .prefixes(let prefixes): return prefixes.contains { $0.contains(peer) }
        }
    }

    /// Lets a connection in, which ``leave(_:)`` must follow, or notes why not.
    mutating func enter(_ peer: IPAddress?) -> Bool {
        guard isAllowed(peer) else { return refuse(.addressNotAllowed, peer) }
        guard connectionCount < connectionCountMax else { return refuse(.tooManyConnections, peer) }
        if let peer {
            let count = connectionCounts[peer, default: 0]
            guard count < limits.connectionsPerPeerMax ?? .max else { return refuse(.tooManyOfPeer, peer) }
            connectionCounts[peer] = count + 1
        }
        connectionCount += 1
        return true
    }

    /// Ends what ``enter(_:)`` began.
    mutating func leave(_ peer: IPAddress?) {
        connectionCount -= 1
        guard let peer, let count = connectionCounts[peer] else { return }
        connectionCounts[peer] = count > 1 ? count - 1 : nil
    }

    private mutating func refuse(_ fault: IntakeFault, _ peer: IPAddress?) -> Bool {
        note(fault, peer: peer)
        return false
    }

    /// Whether a datagram is taken; if not, why was noted.
    mutating func admitDatagram(_ peer: IPAddress) -> Bool {
        guard isAllowed(peer) else { return refuse(.addressNotAllowed, peer) }
        guard meter == nil || meter?.admit(peer, at: monotonicNanoseconds()) == true else {
            return refuse(.rateExceeded, peer)
        }
        return true
    }

    /// Counts records of a connection.
    ///
    /// - Returns: Nanoseconds for which its peer is to be held back.
    mutating func charge(_ peer: IPAddress?, count: Int) -> Int64 {
        guard count > 0, let peer,
            let hold = meter?.charge(peer, count: count, at: monotonicNanoseconds()), hold > 0
        else { return 0 }
        counters.update { $0.held += 1 }
        return hold
    }

    /// Counts a fault and keeps it for the next fact.
    mutating func note(_ fault: IntakeFault, peer: IPAddress?, detail: String = "") {
        counters.count(fault)
        ledger.note(fault, peer: peer, detail: detail, at: clock.now())
    }

    /// Monotonic time at which ``takeFacts(into:)`` is due; nil while there is nothing to say.
    var factsDue: Int64? { ledger.isEmpty ? nil : ledger.due }

    /// Appends what was noted as records.
    mutating func takeFacts(into batch: inout RecordBatch) {
        ledger.take(listener, at: clock.now(), into: &batch)
    }
}
