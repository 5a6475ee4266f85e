// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// One flow as policy sees it.
public struct FlowQuestion: Hashable, Sendable {
    /// Source address.
    public var source: IPAddress
    /// Target address.
    public var target: IPAddress
    /// Target port, if known.
    public var port: Int?
    /// `tcp` or `udp`, lower case; empty if not known.
    public var transport: String
    /// Event time.
    public var time: UTCTime

    /// Makes a question.
    public init(source: IPAddress, target: IPAddress, port: Int?, transport: String, time: UTCTime) {
        self.source = source
        self.target = target
        self.port = port
        self.transport = transport
        self.time = time
    }
}

/// What policy says of a flow.
public enum FlowVerdict: String, Codable, Sendable, CaseIterable {
    /// A conduit covers it, and its condition holds.
    case allowed
    /// A conduit covers it, but the change record that it needs is not open.
    case closed
    /// No conduit covers it, and both ends lie in one zone.
    case sameZone = "same_zone"
    /// No conduit covers it.
    case none
}

extension AssetRegister {
    /// What the conduits say of a flow at its time.
    public mutating func verdict(on flow: FlowQuestion) -> FlowVerdict {
        let source = zone(of: flow.source)
        let target = zone(of: flow.target)
        var sawClosed = false
        for conduit in site.conduits {
            guard conduit.from == "*" || conduit.from == source.id,
                conduit.to == "*" || conduit.to == target.id,
                conduit.sources.isEmpty || conduit.sources.contains(where: { $0.contains(flow.source) }),
                conduit.targets.isEmpty || conduit.targets.contains(where: { $0.contains(flow.target) }),
                conduit.ports.contains(where: { AssetRegister.admits($0, flow) })
            else { continue }
            if conduit.onlyIn.isEmpty { return .allowed }
            if isWindowOpen(kind: conduit.onlyIn, for: flow) { return .allowed }
            sawClosed = true
        }
        if sawClosed { return .closed }
        if isExpected(flow) { return .allowed }
        return source.id == target.id && source.id != Site.unknownZone ? .sameZone : .none
    }

    private static func admits(_ port: Conduit.Port, _ flow: FlowQuestion) -> Bool {
        (port.transport == nil || flow.transport.isEmpty || port.transport == flow.transport)
            && (port.number == nil || port.number == flow.port)
    }

    private func isWindowOpen(kind: String, for flow: FlowQuestion) -> Bool {
        let ends = [asset(of: flow.source, at: flow.time), asset(of: flow.target, at: flow.time)].compactMap(
            \.?.id
        )
        return site.changes.contains { change in
            change.kind == kind && change.start <= flow.time && flow.time <= change.end
                && (change.via.isEmpty || change.via.contains { $0.contains(flow.source) })
                && (change.assets.contains("*") || change.assets.contains(where: ends.contains))
        }
    }

    /// Whether an open change names exactly this flow.
    private func isExpected(_ flow: FlowQuestion) -> Bool {
        let port = flow.port.map(String.init) ?? ""
        let text = "\(flow.source)>\(flow.target) \(flow.transport)/\(port)"
        return site.changes.contains {
            $0.expectedFlow == text && $0.start <= flow.time && flow.time <= $0.end
        }
    }

    /// Whether `address` scans with permission at `time`: an open scan window that names it.
    public func isPermittedScanner(_ address: IPAddress, at time: UTCTime) -> Bool {
        site.changes.contains { change in
            change.kind == "scan-window" && change.start <= time && time <= change.end
                && change.via.contains { $0.contains(address) }
        }
    }

    /// An act that approved work may cover.
    public struct Act: Hashable, Sendable {
        /// Asset acted on.
        public var asset: String
        /// Who acts; empty if not known.
        public var actor: String
        /// Where from; nil if not known or local.
        public var source: IPAddress?
        /// Version that results; empty if not said.
        public var version: String
        /// SHA-256 of what was installed; empty if not said.
        public var hash: String
        /// Event time.
        public var time: UTCTime
        /// Half width of its uncertainty, nanoseconds; a window counts as open within it.
        public var uncertainty: Int64

        /// Makes an act.
        public init(
            asset: String,
            actor: String,
            source: IPAddress?,
            version: String,
            hash: String,
            time: UTCTime,
            uncertainty: Int64
        ) {
            self.asset = asset
            self.actor = actor
            self.source = source
            self.version = version
            self.hash = hash
            self.time = time
            self.uncertainty = uncertainty
        }
    }

    /// The first change record that covers `act`: asset, time, and nothing known that contradicts actor, way
    /// or result.
    ///
    /// What is not said on either side never breaks a match; what is said and differs does.
    public func change(covering act: Act) -> ChangeRecord? {
        site.changes.first { change in
            change.kind != "scan-window" && change.start.advanced(by: -act.uncertainty) <= act.time
                && act.time <= change.end.advanced(by: act.uncertainty)
                && (change.assets.contains(act.asset) || change.assets.contains("*"))
                && (act.actor.isEmpty || change.actors.isEmpty || AssetRegister.isGeneric(act.actor)
                    || change.actors.contains { $0 == "*" || $0.lowercased() == act.actor.lowercased() })
                && (act.source.map { source in
                    change.via.isEmpty || source.isLoopback || change.via.contains { $0.contains(source) }
                } ?? true)
                && (act.version.isEmpty || change.expectedVersion.isEmpty
                    || AssetRegister.sameVersion(act.version, change.expectedVersion))
                && (act.hash.isEmpty || change.expectedHash.isEmpty || act.hash == change.expectedHash)
        }
    }

    /// Whether the site accepts `version` for the model of `asset`; nil where it lists no version of that
    /// model.
    public func isApproved(version: String, for asset: Asset) -> Bool? {
        let listed = site.approved.filter {
            $0.model.lowercased() == asset.model.lowercased()
                && ($0.manufacturer.isEmpty || asset.manufacturer.isEmpty
                    || $0.manufacturer.lowercased() == asset.manufacturer.lowercased())
        }
        guard !listed.isEmpty else { return nil }
        return listed.contains { AssetRegister.sameVersion($0.version, version) }
    }

    /// Whether `hash` contradicts what the site lists for `version` of the model of `asset`, or what the
    /// changes that are open on it at `time` say will come of them.
    ///
    /// A change speaks of the software even where the device does not say which version it took.
    public func contradicts(hash: String, version: String, for asset: Asset, at time: UTCTime) -> Bool {
        let hash = hash.lowercased()
        let listed = site.approved.filter {
            !version.isEmpty && $0.model.lowercased() == asset.model.lowercased() && !$0.hash.isEmpty
                && AssetRegister.sameVersion($0.version, version)
        }.map(\.hash)
        let expected = site.changes.filter { change in
            !change.expectedHash.isEmpty && change.start <= time && time <= change.end
                && change.assets.contains(asset.id)
                && (version.isEmpty || change.expectedVersion.isEmpty
                    || AssetRegister.sameVersion(version, change.expectedVersion))
        }.map(\.expectedHash)
        let wanted = listed + expected
        return !wanted.isEmpty && !wanted.contains(hash)
    }

    /// Whether two version texts are equal but for case and a leading `v`.
    public static func sameVersion(_ left: String, _ right: String) -> Bool {
        func folded(_ text: String) -> Substring {
            let text = text.lowercased()
            return text.first == "v" && text.dropFirst().first?.isNumber == true
                ? text.dropFirst() : text[...]
        }
        return folded(left) == folded(right)
    }

    /// Account names that many systems share: they never join and never contradict a change's actor.
    public static let genericAccounts: Set<String> = [
        "system", "root", "administrator", "admin", "nt authority\\system", "local service",
        "network service",
        "anonymous", "anonymous logon", "guest", "nobody", "daemon", "unknown", "service", "user", "operator",
        "-",
        "n/a", "none", "localsystem", "www-data", "sshd",
    ]

    /// Whether `user` is a generic account or a computer account.
    public static func isGeneric(_ user: String) -> Bool {
        user.isEmpty || user.hasSuffix("$") || genericAccounts.contains(user.lowercased())
    }
}
