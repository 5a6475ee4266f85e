// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Normalization

/// One address to listen on, and what is expected there.
public struct ListenerDefinition: Hashable, Sendable, CustomStringConvertible {
    /// What senders speak.
    public enum WireProtocol: String, Hashable, Sendable, CaseIterable {
        /// Syslog, RFC 5424 and its many older forms.
        case syslog
        /// One JSON object a line.
        case jsonLines = "jsonl"
        /// GELF 1.1: JSON in datagrams, whole, chunked or compressed, or ended by NUL on a connection.
        case gelf
    }

    /// How the bytes come.
    public enum Carrier: String, Hashable, Sendable, CaseIterable {
        /// Datagrams.
        case udp
        /// Stream connections.
        case tcp
        /// Stream connections inside TLS (RFC 5425).
        case tls
        /// RELP: stream connections whose records are acknowledged once they are durable.
        case relp
        /// Bodies of HTTP requests; the protocol is what a body without a content type holds.
        case http
        /// Datagrams of a UNIX socket.
        case unix
    }

    /// Name in records, facts and status; unique in a process.
    public var name: String
    /// What senders speak.
    public var wireProtocol: WireProtocol
    /// How the bytes come.
    public var carrier: Carrier
    /// Numeric address, IPv4 or IPv6 without brackets.
    public var host: String
    /// Port; 0 lets the system choose.
    public var port: Int
    /// Who may send, how much, how fast.
    public var limits = IntakeLimits()
    /// Certificates; nil for a listener without TLS.
    public var security: TransportSecurity?
    /// What only some carriers have.
    public var extras = ListenerExtras()

    /// Makes a definition.
    public init(name: String, _ wireProtocol: WireProtocol, _ carrier: Carrier, host: String, port: Int) {
        self.name = name
        self.wireProtocol = wireProtocol
        self.carrier = carrier
        self.host = host
        self.port = port
    }

    /// Longest name, in bytes: it is stored with every block.
    public static let nameLengthMaxBytes = 64

    /// The address as it stands in a URL: `127.0.0.1:5514`, `[::1]:5514`.
    ///
    /// A UNIX socket has its path.
    public var address: String {
        carrier == .unix ? extras.path : (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }

    /// `syslog+udp://127.0.0.1:5514`.
    public var description: String { "\(wireProtocol.rawValue)+\(carrier.rawValue)://\(address)" }

    /// Parses the value of `--listen`: `PROTOCOL+TRANSPORT://HOST:PORT`.
    ///
    /// Its name is `PROTOCOL-TRANSPORT-HOST:PORT`.
    ///
    /// - Throws: `usage`, with the nearest known scheme or the form that is expected.
    public init(url: String) throws(WardlineError) {
        let form = "Write it as syslog+udp://127.0.0.1:5514 or jsonl+tcp://[::1]:5515."
        let pieces = url.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init
        )
        guard pieces.count == 2, pieces[1].hasPrefix("//") else {
            throw WardlineError(.usage, "'\(url)' is no address to listen on. \(form)")
        }
        let schemes = WireProtocol.allCases.flatMap { wire in
            wire.carriers.map { (text: "\(wire.rawValue)+\($0.rawValue)", wire: wire, carrier: $0) }
        }
        guard let scheme = schemes.first(where: { $0.text == pieces[0] }) else {
            let hint = Spelling.suggestion(for: pieces[0], among: schemes.map(\.text))
            throw WardlineError(.usage, "'\(pieces[0])' in '\(url)' is no known protocol\(hint). \(form)")
        }
        guard scheme.carrier != .tls else {
            throw WardlineError(
                .usage,
                "'\(url)' needs a certificate: name it under `listen` in the configuration file."
            )
        }
        let address = String(pieces[1].dropFirst(2))
        if scheme.carrier == .unix {
            try self.init(socket: address, scheme.wire, url: url)
            return
        }
        guard let (host, port) = ListenerDefinition.split(address: address) else {
            throw WardlineError(.usage, "'\(address)' in '\(url)' is no numeric address with a port. \(form)")
        }
        self.init(
            name: "\(scheme.wire.rawValue)-\(scheme.carrier.rawValue)-\(address)",
            scheme.wire,
            scheme.carrier,
            host: host,
            port: port
        )
    }

    /// Host and port of `127.0.0.1:5514` or `[::1]:5514`; nil for anything else.
    ///
    /// Names are not looked up.
    public static func split(address: String) -> (host: String, port: Int)? {
        guard let colon = address.lastIndex(of: ":") else { return nil }
        let digits = address[address.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), port <= 65_535
        else { return nil }
        var host = String(address[..<colon])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = String(host.dropFirst().dropLast()) }
        guard let parsed = IPAddress(host), (parsed.v4 == nil) == isBracketed else { return nil }
        return (host, port)
    }
}
