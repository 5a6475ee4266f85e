// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization

extension ConfigurationReader {
    /// Most entries of `follow`: each costs a look at its folder every quarter of a second.
    static let followCountMax = 64

    /// A name of a listener or followed file as it goes into every record.
    func inputName(_ node: YAMLNode) throws(SiteFilesError) -> String {
        let name = try text(node)
        let isPlain = name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        guard isPlain, (1...ListenerDefinition.nameLengthMaxBytes).contains(name.utf8.count) else {
            throw error(
                node.mark,
                "the name of a listener has 1 to 64 printable ASCII characters without blanks"
            )
        }
        return name
    }

    /// Whether the protocol can come that way.
    func check(
        _ wire: ListenerDefinition.WireProtocol,
        _ carrier: ListenerDefinition.Carrier,
        _ node: YAMLNode
    ) throws(SiteFilesError) {
        guard !wire.carriers.contains(carrier) else { return }
        let words = wire.carriers.map(\.rawValue).joined(separator: " or ")
        throw error(
            (node["transport"] ?? node).mark,
            "\(wire.rawValue) does not come over \(carrier.rawValue)",
            "choose \(words)"
        )
    }

    /// `path`, `mode`, `token_file` and `max_body`, each only where it means something.
    func extras(
        _ node: YAMLNode,
        _ carrier: ListenerDefinition.Carrier
    ) throws(SiteFilesError) -> ListenerExtras {
        var extras = ListenerExtras()
        let owners: [(key: String, carrier: ListenerDefinition.Carrier)] = [
            ("path", .unix), ("mode", .unix), ("token_file", .http), ("max_body", .http),
        ]
        for (key, value) in node.members ?? [] {
            guard let owner = owners.first(where: { $0.key == key.text }) else {
                if key.text == "bind", carrier == .unix {
                    throw error(key.mark, "a UNIX socket has no address", "write 'path' instead of 'bind'")
                }
                continue
            }
            guard owner.carrier == carrier else {
                throw error(key.mark, "'\(key.text)' belongs to transport \(owner.carrier.rawValue)")
            }
            switch key.text {
            case "path":
                extras.path = try text(value)
                guard extras.path.utf8.count <= ListenerExtras.pathLengthMaxBytes else {
                    throw error(
                        value.mark,
                        "the path of a socket has at most \(ListenerExtras.pathLengthMaxBytes) bytes"
                    )
                }
            case "mode": extras.mode = try mode(value)
            case "token_file": extras.tokenFile = try text(value)
            default: extras.bodySizeMaxBytes = try size(value, 4_096...67_108_864)
            }
        }
        if carrier == .unix, extras.path.isEmpty { throw error(node.mark, "the listener has no 'path'") }
        return extras
    }

    /// `"0660"`: octal digits, quoted or not.
    private func mode(_ node: YAMLNode) throws(SiteFilesError) -> UInt32 {
        let word = try text(node)
        let digits = word.hasPrefix("0o") ? String(word.dropFirst(2)) : word
        guard (3...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
            let value = UInt32(digits, radix: 8), value <= 0o777
        else { throw error(node.mark, "'\(word)' are no permissions", "write octal digits such as \"0660\"") }
        return value
    }

    /// `follow: [{ path: "/var/log/gw/*.log", name: gw, protocol: syslog, from: beginning }]`.
    func follow(_ node: YAMLNode) throws(SiteFilesError) -> [FollowDefinition] {
        guard let elements = node.elements else {
            throw error(node.mark, "expected a list of files, found a \(node.kind)", "start each with '- '")
        }
        guard elements.count <= ConfigurationReader.followCountMax else {
            throw error(
                node.mark,
                "more than \(ConfigurationReader.followCountMax) followed files or patterns"
            )
        }
        var result: [FollowDefinition] = []
        for element in elements {
            var definition: FollowDefinition
            if element.members == nil {
                definition = try followed(element, name: nil)
            } else {
                _ = try members(element, allowed: ["path", "name", "protocol", "from"])
                guard let path = element["path"] else { throw error(element.mark, "the entry has no 'path'") }
                definition = try followed(path, name: element["name"])
            }
            if let wire = element["protocol"] {
                definition.wireProtocol = try choice(wire, [.syslog, .jsonLines], \.rawValue)
            }
            if let start = element["from"] {
                definition.start = try choice(start, FollowDefinition.Start.allCases, \.rawValue)
            }
            if let twin = result.first(where: { $0.name == definition.name || $0.path == definition.path }) {
                throw error(
                    (element["name"] ?? element).mark,
                    "'\(definition.name)' has the name or the path of '\(twin.name)'",
                    "give each its own"
                )
            }
            result.append(definition)
        }
        return result
    }

    private func followed(_ path: YAMLNode, name: YAMLNode?) throws(SiteFilesError) -> FollowDefinition {
        let pattern = try text(path)
        guard !pattern.hasSuffix("/"), !pattern.utf8.contains(0) else {
            throw error(path.mark, "'\(pattern)' names no file")
        }
        var word = "follow:" + pattern.filter { $0.isASCII && !$0.isWhitespace }
        if word.utf8.count > ListenerDefinition.nameLengthMaxBytes {
            word = "follow:" + String(word.suffix(ListenerDefinition.nameLengthMaxBytes - 7))
        }
        if let name { word = try inputName(name) }
        return FollowDefinition(name: word, path: pattern)
    }
}
