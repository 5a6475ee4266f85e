// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import QueryEngine

/// Zone files of the machine.
enum ZoneFiles {
    /// Largest zone file read: the fullest known one has 4 KiB.
    static let sizeMax = 65_536

    private static let folders = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo"]

    /// The rules of `UTC`, `Local`, `+02:00` or an IANA name such as `Europe/Berlin`; nil for anything else.
    static func rules(_ name: String, environment: [String: String]) -> TimeZoneRules? {
        if name.lowercased() == "local" { return local(environment) }
        if let fixed = TimeZoneRules(fixed: name) { return fixed }
        guard isName(name) else { return nil }
        for folder in folders {
            if let rules = read(folder + "/" + name) { return rules }
        }
        return nil
    }

    /// Letters, digits, `_`, `-`, `+` in parts between `/`: no name leads out of the folder.
    private static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return name.utf8.count <= 64
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-+".contains($0)) }
            }
    }

    /// The zone of this machine: `TZ`, else `/etc/localtime`, else UTC.
    private static func local(_ environment: [String: String]) -> TimeZoneRules {
        if var named = environment["TZ"], !named.isEmpty {
            if named.first == ":" { named.removeFirst() }
            if named.hasPrefix("/"), let rules = read(named) { return rules }
            return named.lowercased() == "local" ? .utc : rules(named, environment: [:]) ?? .utc
        }
        return read("/etc/localtime") ?? .utc
    }

    private static func read(_ path: String) -> TimeZoneRules? {
        guard let data = FileManager.default.contents(atPath: path), data.count <= sizeMax else { return nil }
        return TimeZoneRules(zoneFile: Array(data))
    }
}
