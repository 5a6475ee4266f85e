// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory

/// What judgement knows about now: service sessions, peers seen, suspect devices and whom they reached.
///
/// Folded in event-time order; every table is bounded (``CorrelationBounds``).
struct Surroundings: SnapshotResumed, Sendable {
    var register: AssetRegister
    /// Whether a rule asks for exposure, which costs a walk over the conduits.
    var knowsExposure = false
    private var brackets: [String: [Bracket]] = [:]
    private var peers: Set<UInt64> = []
    private var suspects: [String: UTCTime] = [:]
    private var reached: [IPAddress: Reach] = [:]
    private var vendorActors: Set<String> = []

    private struct Reach: Codable, Sendable {
        var by: String
        var time: UTCTime
    }

    /// Fields that joins read.
    static let fields: Set<FieldID> = [
        .hostName, .hostIP, .deviceID, .peerIdentity, .userName, .sourceIP, .sourceMAC, .sourceHost,
        .targetIP, .targetPort,
        .targetMAC,
        .targetHost, .networkTransport, .softwareTo, .softwareHash, .logonType, .vendorSeverity, .artefact,
        .sessionID,
    ]

    init(register: AssetRegister) {
        self.register = register
    }

    func write(to encoder: SnapshotEncoder) throws {
        try register.write(to: encoder)
        try encoder.write(brackets)
        try encoder.write(peers)
        try encoder.write(suspects)
        try encoder.write(reached)
        try encoder.write(vendorActors)
    }

    mutating func resume(from decoder: SnapshotDecoder) throws {
        try register.resume(from: decoder)
        brackets = try decoder.value()
        peers = try decoder.value()
        suspects = try decoder.value()
        reached = try decoder.value()
        vendorActors = try decoder.value()
    }

    /// What an event joins with at its time.
    mutating func situation(of view: EventView) -> Situation {
        let event = view.event
        var found = Situation()
        found.user = view.text(.userName)
        found.sourceAddress = view.address(.sourceIP)
        found.targetAddress = view.address(.targetIP)
        found.targetPort = view.integer(.targetPort).map(Int.init)
        found.targetWasTouched = event.outcome != .failure && event.action != .deny
        found.isInteractive = Surroundings.isInteractive(view)
        if let address = found.sourceAddress {
            found.sourceZone = zone(address)
            found.sourceIsInternet = register.isInternet(address)
        }
        if let address = found.targetAddress {
            found.targetZone = zone(address)
            found.targetIsInternet = register.isInternet(address)
        }
        guard !register.isEmpty else {
            resolveClaims(&found, view)
            return found
        }
        found.source = asset(.sourceIP, .sourceMAC, .sourceHost, view)
        found.target = asset(.targetIP, .targetMAC, .targetHost, view)
        resolveSubject(&found, view)
        if let subject = found.subject {
            found.subjectZone = register.zone(named: subject.zone)
            if knowsExposure { found.exposure = register.exposure(of: subject, at: event.time) }
        }
        found.subjectAddress = register.addresses.addresses(of: found.subjectName).last
        resolveFlow(&found, view)
        resolveVendor(&found, view)
        resolveWork(&found, view)
        resolveReach(&found, event.time)
        return found
    }

    /// What a judged event joins with by the register as it is now; what surrounded it stays as it was.
    ///
    /// - Parameter keepsKnown: Whether a device that was known stays.
    mutating func situation(ofJudged candidate: Candidate, keepsKnown: Bool) -> Situation {
        let old = candidate.situation
        let view = candidate.view
        var found = old
        found.claimedHost = ""
        found.source = asset(.sourceIP, .sourceMAC, .sourceHost, view)
        found.target = asset(.targetIP, .targetMAC, .targetHost, view)
        if keepsKnown {
            found.source = old.source ?? found.source
            found.target = old.target ?? found.target
        }
        found.subject = nil
        resolveSubject(&found, view)
        if keepsKnown, let known = old.subject {
            found.subject = known
            found.subjectName = old.subjectName
        }
        let time = candidate.event.time
        if let subject = found.subject {
            found.subjectZone =
                subject.id == old.subject?.id ? old.subjectZone : register.zone(named: subject.zone)
            if knowsExposure { found.exposure = register.exposure(of: subject, at: time) }
        }
        resolveFlow(&found, view)
        // Its own peer has been seen since.
        if old.verdict != .allowed { found.isNewPeer = old.isNewPeer && found.verdict != .allowed }
        let isOfPeople = candidate.event.eventClass == .access || candidate.event.eventClass == .update
        found.isVendor = old.isVendor || isOfPeople && register.isVendorAccount(found.user)
        resolveWork(&found, view)
        let asset = (found.subject ?? found.source)?.id
        if asset == (old.subject ?? old.source)?.id { found.bracket = old.bracket }
        return found
    }

    /// What is known without a site: who and what the event names.
    private mutating func resolveClaims(_ found: inout Situation, _ view: EventView) {
        let named = view.text(.deviceID)
        if !view.event.flags.contains(.witness) {
            found.claimedHost = AssetRegister.folded(view.text(.hostName))
        }
        found.subjectName = !named.isEmpty ? named : found.claimedHost
        if found.subjectName.isEmpty { found.subjectName = found.sourceAddress?.description ?? "" }
        found.subjectAddress = register.addresses.addresses(of: found.subjectName).last
        resolveFlow(&found, view)
        resolveVendor(&found, view)
    }

    private mutating func zone(_ address: IPAddress) -> Zone? {
        guard !address.isLoopback, !address.isMulticast else { return nil }
        return register.zone(of: address)
    }

    private func asset(_ ip: FieldID, _ mac: FieldID, _ host: FieldID, _ view: EventView) -> Asset? {
        if let found = MACAddress(view.text(mac)).flatMap(register.asset(of:)) { return found }
        if let address = view.address(ip), !address.isLoopback {
            return register.asset(of: address, at: view.event.time)
        }
        let name = view.text(host)
        return name.isEmpty ? nil : register.asset(host: name, at: view.event.time)
    }

    /// The device that the event is about: the one it names, else its own host, else the one that holds the
    /// address.
    private func resolveSubject(_ found: inout Situation, _ view: EventView) {
        let named = view.text(.deviceID)
        let host = view.text(.hostName)
        let isWitness = view.event.flags.contains(.witness)
        if !named.isEmpty { found.subject = register.asset(named: named) }
        if found.subject == nil, !isWitness, !host.isEmpty {
            found.subject = register.asset(host: host, at: view.event.time)
        }
        if found.subject == nil, !isWitness, let own = view.address(.hostIP) {
            found.subject = register.asset(of: own, at: view.event.time)
        }
        if found.subject == nil, !isWitness {
            let identity = view.text(.peerIdentity)
            if !identity.isEmpty { found.subject = register.asset(ofCertificate: identity) }
        }
        let action = view.event.action
        if found.subject == nil,
            isWitness && (action == .attach || action == .lease) || action == .vulnerability
        {
            found.subject = found.source
        }
        let folded = isWitness ? "" : AssetRegister.folded(host)
        found.subjectName = found.subject?.id ?? (!named.isEmpty ? named : folded)
        if found.subjectName.isEmpty { found.subjectName = found.sourceAddress?.description ?? "" }
    }

    private mutating func resolveFlow(_ found: inout Situation, _ view: EventView) {
        guard view.event.eventClass == .network, let source = found.sourceAddress,
            let target = found.targetAddress,
            !target.isMulticast
        else { return }
        let transport = view.text(.networkTransport).lowercased()
        found.peer = "\(target):\(found.targetPort.map(String.init) ?? "-")/\(transport)"
        found.sourceIsScanner = register.isPermittedScanner(source, at: view.event.time)
        let question = FlowQuestion(
            source: source,
            target: target,
            port: found.targetPort,
            transport: transport,
            time: view.event.time
        )
        let verdict = register.verdict(on: question)
        found.verdict = verdict
        found.isNewPeer = verdict != .allowed && !peers.contains(Surroundings.peerHash(found, source))
    }

    private static func peerHash(_ found: Situation, _ source: IPAddress) -> UInt64 {
        var hash = StableHash()
        hash.combine(found.source?.id ?? source.description)
        hash.combine(found.peer)
        return hash.value
    }

    private mutating func resolveVendor(_ found: inout Situation, _ view: EventView) {
        let user = found.user.lowercased()
        let fromVendorZone = found.sourceZone?.isVendorZone ?? false
        if view.event.action == .remoteServiceStart, !user.isEmpty { vendorActors.insert(user) }
        guard view.event.eventClass == .access || view.event.eventClass == .update else { return }
        found.isVendor =
            !user.isEmpty && (register.isVendorAccount(user) || vendorActors.contains(user)) || fromVendorZone
        if let source = found.sourceAddress {
            found.conduit =
                source.isLoopback ? .local : fromVendorZone ? .on : found.sourceZone == nil ? .unknown : .off
        } else {
            found.conduit = .unknown
        }
    }

    private func resolveWork(_ found: inout Situation, _ view: EventView) {
        guard let asset = found.subject ?? found.source else { return }
        let event = view.event
        let version = view.text(.softwareTo)
        let hash = view.text(.softwareHash).lowercased()
        let isFlow = event.eventClass == .network
        found.change = register.change(
            covering: AssetRegister.Act(
                asset: asset.id,
                actor: found.user,
                source: isFlow ? nil : found.sourceAddress,
                version: event.eventClass == .update ? version : "",
                hash: hash,
                time: event.time,
                uncertainty: event.uncertainty
            )
        )
        found.bracket = openBracket(on: asset.id, at: event.time)?.kind
        guard event.eventClass == .update else { return }
        if !version.isEmpty { found.isApproved = register.isApproved(version: version, for: asset) }
        if !hash.isEmpty {
            found.hashDiffers = register.contradicts(hash: hash, version: version, for: asset, at: event.time)
        }
    }

    private func openBracket(on asset: String, at time: UTCTime) -> Bracket? {
        brackets[asset]?.last {
            $0.start <= time && time <= $0.start.advanced(by: CorrelationBounds.bracketNanoseconds)
        }
    }

    private func resolveReach(_ found: inout Situation, _ time: UTCTime) {
        let oldest = time.advanced(by: -CorrelationBounds.reachNanoseconds)
        if let source = found.sourceAddress, let reach = reached[source], reach.time >= oldest {
            found.sourceReachedBy = reach.by
        }
        guard let subject = found.subject else { return }
        for (_, reach) in reachedAddresses(of: subject, at: time)
        where reach.time >= oldest && reach.by != subject.id {
            found.assetReachedBy = min(found.assetReachedBy ?? reach.by, reach.by)
        }
    }

    private func reachedAddresses(of asset: Asset, at time: UTCTime) -> [(IPAddress, Reach)] {
        reached.filter { register.asset(of: $0.key, at: time)?.id == asset.id }.sorted { $0.key < $1.key }
    }

    private static func isInteractive(_ view: EventView) -> Bool {
        guard view.event.action == .login || view.event.action == .sessionStart else {
            return false
        }
        let kind = view.text(.logonType)
        return kind.isEmpty || ["2", "7", "10", "11", "12", "13"].contains(kind)
    }

    /// Folds what `candidate` changes, after it was judged.
    mutating func observe(_ candidate: Candidate) {
        let found = candidate.situation
        let event = candidate.event
        switch event.action {
        case .lease, .attach:
            guard let address = found.sourceAddress, event.outcome != .failure else { return }
            register.observe(
                address,
                mac: MACAddress(candidate.text(.sourceMAC)),
                host: candidate.text(.sourceHost),
                at: event.time
            )
        case .release, .detach:
            guard let address = found.sourceAddress else { return }
            register.release(address, mac: MACAddress(candidate.text(.sourceMAC)), at: event.time)
        case .remoteServiceStart: open(.remote, found, event.time)
        case .localServiceStart: open(.local, found, event.time)
        case .remoteServiceStop: close(.remote, found)
        case .localServiceStop: close(.local, found)
        case .intrusionAlert:
            let severity = candidate.view.integer(.vendorSeverity) ?? 1
            if severity <= 2, let target = found.target, !found.sourceIsScanner {
                suspect(target.id, at: event.time)
            }
        default: break
        }
        noteFlow(found, event)
    }

    private mutating func noteFlow(_ found: Situation, _ event: Event) {
        guard !found.peer.isEmpty, let source = found.sourceAddress, let target = found.targetAddress else {
            return
        }
        if found.isNewPeer {
            if peers.count >= CorrelationBounds.peerCountMax { peers.removeAll() }
            peers.insert(Surroundings.peerHash(found, source))
        }
        guard let asset = found.source, found.targetWasTouched, let since = suspects[asset.id],
            event.time <= since.advanced(by: CorrelationBounds.suspicionNanoseconds)
        else { return }
        if reached.count >= 4_096 {
            let oldest = event.time.advanced(by: -CorrelationBounds.reachNanoseconds)
            reached = reached.filter { $0.value.time >= oldest }
        }
        if reached.count < 65_536 { reached[target] = Reach(by: asset.id, time: event.time) }
    }

    /// Marks an asset as suspect from `time` on.
    mutating func suspect(_ asset: String, at time: UTCTime) {
        suspects[asset] = max(suspects[asset] ?? time, time)
    }

    private mutating func open(_ kind: Bracket.Kind, _ found: Situation, _ time: UTCTime) {
        guard let asset = found.subject else { return }
        var list = brackets[asset.id] ?? []
        if list.count >= 16 { list.removeFirst() }
        list.append(Bracket(kind: kind, user: found.user, start: time))
        brackets[asset.id] = list
    }

    private mutating func close(_ kind: Bracket.Kind, _ found: Situation) {
        guard let asset = found.subject else { return }
        brackets[asset.id]?.removeAll {
            $0.kind == kind && (found.user.isEmpty || $0.user.isEmpty || $0.user == found.user)
        }
    }
}
