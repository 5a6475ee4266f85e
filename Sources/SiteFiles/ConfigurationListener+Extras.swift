// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What only some listeners have: a path, a token, bounds of a body.
public struct ListenerExtras: Hashable, Sendable {
    /// Longest path of a UNIX socket: what the system's address has room for.
    public static let pathLengthMaxBytes = 107

    /// Path of a UNIX socket; empty for others.
    public var path = ""
    /// Permissions of that path: who may write may send.
    public var mode: UInt32 = 0o666
    /// File whose first line an HTTP sender must give as bearer token; nil asks for none.
    public var tokenFile: String?
    /// Most bytes of the body of a request, as sent and after decompression.
    ///
    /// 8 MiB: a few ten thousand lines; a longer body is answered with 413 and costs no more than this.
    public var bodySizeMaxBytes = 8 * 1_048_576

    /// The defaults.
    public init() {}
}

extension ListenerDefinition.WireProtocol {
    /// How it can come.
    public var carriers: [ListenerDefinition.Carrier] {
        switch self {
        case .syslog: ListenerDefinition.Carrier.allCases
        case .jsonLines: ListenerDefinition.Carrier.allCases.filter { $0 != .unix }
        case .gelf: [.udp, .tcp]
        }
    }
}

extension ListenerDefinition.Carrier {
    /// Whether it takes a TCP port.
    var isStream: Bool { self != .udp && self != .unix }
}

extension ListenerDefinition {
    /// A UNIX datagram socket at an absolute path, as in `syslog+unix:///run/wardline/log`.
    init(socket path: String, _ wire: WireProtocol, url: String) throws(WardlineError) {
        guard path.hasPrefix("/"), path.utf8.count <= ListenerExtras.pathLengthMaxBytes else {
            throw WardlineError(
                .usage,
                "'\(path)' in '\(url)' is no absolute path of at most "
                    + "\(ListenerExtras.pathLengthMaxBytes) bytes."
            )
        }
        self.init(name: "\(wire.rawValue)-unix", wire, .unix, host: "", port: 0)
        extras.path = path
    }
}
