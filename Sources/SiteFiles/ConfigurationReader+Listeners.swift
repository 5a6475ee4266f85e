// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization

/// The entries of `listen`.
extension ConfigurationReader {
    func listeners(_ node: YAMLNode) throws(SiteFilesError) -> [ListenerDefinition] {
        guard let elements = node.elements else {
            throw error(
                node.mark,
                "expected a list of listeners, found a \(node.kind)",
                "start each with '- '"
            )
        }
        guard elements.count <= ConfigurationReader.listenerCountMax else {
            throw error(node.mark, "more than \(ConfigurationReader.listenerCountMax) listeners")
        }
        var result: [ListenerDefinition] = []
        for element in elements {
            let listener = try listener(element)
            if result.contains(where: { $0.name == listener.name }) {
                throw error(
                    (element["name"] ?? element).mark,
                    "a second listener named '\(listener.name)'",
                    "give each its own name"
                )
            }
            let taken = result.first { other in
                other.carrier.isStream == listener.carrier.isStream && other.address == listener.address
                    && (listener.port != 0 || listener.carrier == .unix)
            }
            if let taken {
                throw error(
                    (element["bind"] ?? element).mark,
                    "\(listener.carrier.rawValue) \(listener.address) is taken by '\(taken.name)'",
                    "choose another port"
                )
            }
            result.append(listener)
        }
        return result
    }

    private func listener(_ node: YAMLNode) throws(SiteFilesError) -> ListenerDefinition {
        _ = try members(
            node,
            allowed: [
                "name", "protocol", "transport", "bind", "tls", "allow", "max_connections_per_peer",
                "idle_timeout", "max_message", "rate", "path", "mode", "token_file", "max_body",
            ]
        )
        let wire = try choice(
            required("protocol", of: node),
            ListenerDefinition.WireProtocol.allCases,
            \.rawValue
        )
        let transport = try required("transport", of: node)
        var carrier = try choice(transport, ListenerDefinition.Carrier.allCases, \.rawValue)
        try check(wire, carrier, node)
        let extras = try extras(node, carrier)
        if carrier == .tcp, node["tls"] != nil { carrier = .tls }
        var place = (host: "", port: 0)
        var word = "unix"
        if carrier != .unix {
            let bind = try required("bind", of: node)
            word = "\(carrier.rawValue)-\(try text(bind))"
            guard let found = ListenerDefinition.split(address: try text(bind)) else {
                throw error(
                    bind.mark,
                    "'\(try text(bind))' is no numeric address with a port",
                    "write \"127.0.0.1:5514\" or \"[::1]:5514\""
                )
            }
            place = found
        }
        let name = try node["name"].map { given throws(SiteFilesError) in try inputName(given) }
        var result = ListenerDefinition(
            name: name ?? "\(wire.rawValue)-\(word)",
            wire,
            carrier,
            host: place.host,
            port: place.port
        )
        result.extras = extras
        result.limits = try intakeLimits(node, carrier)
        if let security = node["tls"] {
            guard carrier == .tls || carrier == .relp || carrier == .http else {
                throw error(
                    security.mark,
                    "datagrams have no 'tls'",
                    "use the transport tls, relp or http"
                )
            }
            result.security = try transportSecurity(security)
        } else if carrier == .tls {
            throw error(transport.mark, "the listener has no 'tls'", "name its cert and key there")
        }
        return result
    }

    private func intakeLimits(
        _ node: YAMLNode,
        _ carrier: ListenerDefinition.Carrier
    ) throws(SiteFilesError) -> IntakeLimits {
        var limits = IntakeLimits()
        // These two have bounds of their own; a key that did nothing would be believed.
        let unbound: [ListenerDefinition.Carrier: [String]] = [
            .unix: ["allow", "rate", "max_connections_per_peer", "idle_timeout"],
            .http: ["rate", "idle_timeout"],
        ]
        for key in unbound[carrier] ?? [] {
            guard let value = node[key] else { continue }
            throw error(value.mark, "'\(key)' does not bound the transport \(carrier.rawValue)")
        }
        if let value = node["allow"] { limits.allowed = try allowed(value) }
        if let value = node["max_message"] {
            limits.messageSizeMaxBytes = try size(value, ConfigurationReader.messageSizes)
        }
        if let value = node["rate"] { limits.recordsPerSecondMax = try rate(value) }
        for key in ["max_connections_per_peer", "idle_timeout"] {
            guard let value = node[key] else { continue }
            guard carrier != .udp else {
                throw error(value.mark, "datagrams have no connections that '\(key)' could bound")
            }
            if key == "idle_timeout" {
                limits.idleNanoseconds = try duration(value, UTCTime.second...7 * 86_400 * UTCTime.second)
            } else {
                limits.connectionsPerPeerMax = try count(value, 1...100_000)
            }
        }
        return limits
    }

    /// `allow: inventory`, one prefix, or a list of them.
    private func allowed(_ node: YAMLNode) throws(SiteFilesError) -> IntakeLimits.Allowed {
        if node.scalar?.text == "inventory" { return .inventory }
        var prefixes: [IPPrefix] = []
        for element in node.elements ?? [node] {
            guard let prefix = IPPrefix(try text(element)) else {
                throw error(
                    element.mark,
                    "'\(try text(element))' is no network address",
                    "write inventory, or addresses such as 10.20.0.0/16 or \"fd00::/8\""
                )
            }
            prefixes.append(prefix)
        }
        guard !prefixes.isEmpty else {
            throw error(node.mark, "nobody may send", "name a network address or leave 'allow' out")
        }
        return .prefixes(prefixes)
    }

    /// `rate: 500/s`.
    private func rate(_ node: YAMLNode) throws(SiteFilesError) -> Int {
        let word = try text(node)
        guard word.hasSuffix("/s"), let value = Int(word.dropLast(2)), (1...10_000_000).contains(value) else {
            throw error(
                node.mark,
                "'\(word)' is no rate",
                "write records a second of one source, such as 500/s"
            )
        }
        return value
    }

    private func transportSecurity(_ node: YAMLNode) throws(SiteFilesError) -> TransportSecurity {
        var security = TransportSecurity(certificatePath: "", keyPath: "")
        let keys = ["cert", "key", "client_ca", "client", "mode", "fingerprints", "names", "min_version"]
        for (key, value) in try members(node, allowed: keys) {
            switch key.text {
            case "cert": security.certificatePath = try text(value)
            case "key": security.keyPath = try text(value)
            case "client_ca": security.authorityPath = try text(value)
            case "client":
                security.client = try choice(value, TransportSecurity.Client.allCases, \.rawValue)
            case "mode": security.mode = try choice(value, TransportSecurity.Mode.allCases, \.rawValue)
            case "fingerprints": security.fingerprints = try fingerprints(value)
            case "names": security.names = try names(value)
            default:
                security.versionMin = try choice(value, TransportSecurity.Version.allCases, \.rawValue)
            }
        }
        try check(security, node)
        return security
    }

    /// What only makes sense together.
    private func check(_ security: TransportSecurity, _ node: YAMLNode) throws(SiteFilesError) {
        for (key, path) in [("cert", security.certificatePath), ("key", security.keyPath)] where path.isEmpty
        {
            throw error(node.mark, "'tls' has no '\(key)'", "name the PEM file")
        }
        guard security.client != .none else {
            for key in ["client_ca", "mode", "fingerprints", "names"] {
                guard let value = node[key] else { continue }
                throw error(
                    value.mark,
                    "'\(key)' is about certificates of senders, and none is asked for",
                    "add client: required or client: optional"
                )
            }
            return
        }
        let (needed, others) =
            security.mode == .pkix
            ? ("client_ca", ["fingerprints"]) : ("fingerprints", ["client_ca", "names"])
        guard node[needed] != nil else {
            throw error(node.mark, "mode \(security.mode.rawValue) needs '\(needed)'")
        }
        for key in others {
            guard let value = node[key] else { continue }
            throw error(value.mark, "'\(key)' means nothing in mode \(security.mode.rawValue)")
        }
    }

    /// `sha-256:` or `sha-1:` and the digits, with or without colons between pairs.
    private func fingerprints(_ node: YAMLNode) throws(SiteFilesError) -> [String] {
        var result: [String] = []
        for element in node.elements ?? [node] {
            let word = try text(element)
            guard let fingerprint = Fingerprint.normal(word) else {
                throw error(
                    element.mark,
                    "'\(word)' is no fingerprint",
                    "write sha-256: and 64 hexadecimal digits, or sha-1: and 40, in quotes"
                )
            }
            result.append(fingerprint)
        }
        guard !result.isEmpty else { throw error(node.mark, "no fingerprint is listed") }
        return result
    }

    /// Host names; `*` stands for the whole left-most label only.
    private func names(_ node: YAMLNode) throws(SiteFilesError) -> [String] {
        var result: [String] = []
        for element in node.elements ?? [node] {
            let word = try text(element)
            let rest = word.hasPrefix("*.") ? word.dropFirst(2) : word[...]
            guard !rest.isEmpty, !rest.contains("*"), word.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
            else {
                throw error(
                    element.mark,
                    "'\(word)' is no name that a certificate can be asked for",
                    "write pump-7.example.org or \"*.example.org\""
                )
            }
            result.append(word.lowercased())
        }
        guard !result.isEmpty else { throw error(node.mark, "no name is listed") }
        return result
    }
}

/// The fingerprint of a certificate as text.
enum Fingerprint {
    /// Lower case without colons between digits: `sha-256:` and 64 digits, or `sha-1:` and 40; nil for
    /// anything else.
    ///
    /// - Source: RFC 5425 section 4.2.2.
    static func normal(_ text: String) -> String? {
        let folded = text.lowercased()
        for (label, count) in [("sha-256:", 64), ("sha256:", 64), ("sha-1:", 40), ("sha1:", 40)]
        where folded.hasPrefix(label) {
            let digits = folded.dropFirst(label.count).filter { $0 != ":" }
            guard digits.utf8.count == count, digits.allSatisfy(\.isHexDigit) else { return nil }
            return (count == 64 ? "sha-256:" : "sha-1:") + digits
        }
        return nil
    }
}
