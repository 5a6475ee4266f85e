// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Who took part: user, addresses, device.
extension AuditDecoder {
    private static let deviceIDTypes: Set<String> = ["110119", "110182", "113877", "12", "HL7APP"]

    func addParties(_ message: AuditMessage, isNetwork: Bool, into drafts: inout EventDrafts) {
        let subject = message.objects.first { AuditDecoder.isNode($0.idType) }?.id ?? ""
        drafts.add(.deviceID, subject.isEmpty ? message.source : subject)
        if !subject.isEmpty { drafts.add(named: "ext.reporter.id", message.source) }
        drafts.add(named: "ext.site.id", message.site)
        let requestor = AuditDecoder.requestor(message)
        if let requestor { drafts.add(.userName, AuditDecoder.userName(requestor)) }
        let sender = message.participant(inRole: "110153")
        let receiver = message.participant(inRole: "110152")
        // IHE's clients of a service are applications that ask a destination.
        let client = receiver == nil ? nil : message.participant(inRole: "110150")
        let origin = isNetwork ? sender ?? requestor ?? client : requestor ?? sender ?? client
        if let origin { addEnd(origin, .sourceIP, .sourceHost, into: &drafts) }
        if isNetwork, let receiver { addEnd(receiver, .targetIP, .targetHost, into: &drafts) }
        for participant in message.participants {
            drafts.add(named: "ext.media", participant.media)
            guard AuditDecoder.userName(participant).isEmpty else { continue }
            drafts.add(named: "ext.application", AuditDecoder.applicationName(participant.userID))
        }
    }

    /// Whether that kind of identifier names a node.
    static func isNode(_ idType: String) -> Bool { idType == "110182" || idType == "113877" }

    /// The first requesting person, else the first requestor, else the source of what moved.
    private static func requestor(_ message: AuditMessage) -> AuditMessage.Participant? {
        let participants = message.participants
        return participants.first { $0.isRequestor && $0.type == "1" }
            ?? participants.first { $0.isRequestor && !userName($0).isEmpty }
            ?? participants.first { $0.isRequestor }
            ?? message.participant(inRole: "110151") ?? message.participant(inRole: "110153")
    }

    /// The user's name; empty for devices, applications, addresses and URIs.
    private static func userName(_ participant: AuditMessage.Participant) -> String {
        guard participant.type != "2", !deviceIDTypes.contains(participant.idType) else { return "" }
        let isOnly = participant.alternativeID.isEmpty
        if isName(participant.userID, isOnly: isOnly) { return participant.userID }
        let other = participant.alternativeID
        return isName(other, isOnly: isOnly && other == participant.userID) ? other : ""
    }

    /// Whether an identifier can be that of a person; a number only where there is no other.
    private static func isName(_ text: String, isOnly: Bool) -> Bool {
        let units = text.utf8
        guard !units.isEmpty, !units.contains(0x7c), !units.contains(0x2f) else { return false }
        guard isOnly || !units.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return false }
        guard units.count != 7 || text.lowercased() != "unknown" else { return false }
        return !text.hasPrefix("AETITLE") && IPAddress(text) == nil
    }

    /// The name of an application; of a URI, what comes before a patient's identifier or a query.
    private static func applicationName(_ text: String) -> String {
        guard text.utf8.contains(0x3f) || text.utf8.contains(0x2f) else { return text }
        var name = text[...]
        if let patient = name.firstRange(of: "Patient/") { name = name[..<patient.upperBound].dropLast() }
        if let query = name.firstIndex(of: "?") { name = name[..<query] }
        return String(name)
    }

    /// Adds an access point by its syntax, whatever its type code says: `/127.0.0.1:54404` is an address.
    private func addEnd(
        _ participant: AuditMessage.Participant,
        _ ip: FieldID,
        _ host: FieldID,
        into drafts: inout EventDrafts
    ) {
        var text = participant.accessPoint
        if text.hasPrefix("/") { text.removeFirst() }
        if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
            // An IPv6 address with a port.
            text = String(text[text.index(after: text.startIndex)..<close])
        }
        if let address = IPAddress(text) {
            drafts.add(ip, address.description)
        } else if let colon = text.lastIndex(of: ":"), let address = IPAddress(String(text[..<colon])) {
            drafts.add(ip, address.description)
        } else {
            drafts.add(host, text)
        }
    }
}

/// Base64 as audit messages carry it, sometimes twice.
enum Base64 {
    /// The text that `encoded` stands for; nil when it is not base64 of printable text.
    static func text(_ encoded: String) -> String? {
        guard let once = decoded(encoded) else { return nil }
        let inner = String(decoding: once, as: UTF8.self)
        if let twice = decoded(inner), let text = printable(twice) { return text }
        return printable(once)
    }

    private static func printable(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self), !text.isEmpty,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
        else { return nil }
        return text
    }

    private static func decoded(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var value: UInt32 = 0
        var bits = 0
        var digits = 0
        for unit in text.utf8 where unit > 0x20 && unit != 0x3d {
            let digit: UInt8
            switch unit {
            case 0x41...0x5a: digit = unit - 0x41
            case 0x61...0x7a: digit = unit - 0x61 + 26
            case 0x30...0x39: digit = unit - 0x30 + 52
            case 0x2b, 0x2d: digit = 62
            case 0x2f, 0x5f: digit = 63
            default: return nil
            }
            digits += 1
            value = (value << 6 | UInt32(digit)) & 0xff_ffff
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(value >> UInt32(bits) & 0xff))
        }
        return digits >= 4 && digits % 4 != 1 ? bytes : nil
    }
}

/// A version number inside words: `image 7.2.5.7 accepted` names 7.2.5.7.
enum VersionHint {
    /// The first run of digits and points with at least one point between digits; an address is none.
    static func first(in text: String) -> String? {
        for word in text.split(whereSeparator: { " ,;()[]\"'=".contains($0) }) {
            let digits = word.drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "." }
            let version = String(digits.last == "." ? digits.dropLast() : digits)
            if version.contains("."),
                IPAddress(version) == nil
                    || version.split(separator: ".").contains(where: { $0.count > 1 && $0.first == "0" })
            {
                return version
            }
        }
        return nil
    }
}
