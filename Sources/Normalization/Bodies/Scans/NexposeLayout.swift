// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Reports of Nexpose and InsightVM, `NexposeReport` in both versions and `NeXposeSimpleXML`.
///
/// What a vulnerability is called, how severe it is and its CVE stand behind all findings.
///
/// - Source: Rapid7, "Understanding the reporting data model" and the samples that its users publish.
struct NexposeLayout: ScanLayout {
    static let id = "rapid7.nexpose"
    static let roots = ["<NexposeReport", "<NeXposeSimpleXML"]

    /// What the document says of a vulnerability.
    private struct Definition: Sendable {
        var title = ""
        var severity = ""
        var score = ""
        var names: [String] = []
    }

    private var device = ScanFinding.Device()
    private var service = ScanFinding.Service()
    /// The scan of each finding.
    private var scans: [String] = []
    private var definitions: [String: Definition] = [:]
    private var definition = ""
    private var ends: [String: UTCTime] = [:]
    /// Whether the reference or identifier at hand is one of another list than CVE.
    private var isForeign = false

    mutating func open(
        _ path: [String],
        _ found: inout ScanFindings,
        _ attribute: (StaticString) -> String
    ) {
        switch path.last {
        case "scan": ends[attribute("id")] = NexposeLayout.time(attribute("endTime"))
        case "node", "device":
            device = ScanFinding.Device(
                address: attribute("address"),
                hardware: attribute("hardware-address")
            )
            device.site = attribute("site-name")
            service = ScanFinding.Service()
        case "os":
            guard device.system.isEmpty else { return }
            device.system = [attribute("product"), attribute("version")].filter { !$0.isEmpty }
                .joined(separator: " ")
        case "endpoint":
            service = ScanFinding.Service(port: attribute("port"), transport: attribute("protocol"))
        case "service":
            service.name = attribute("name")
            // The simple form has no endpoints.
            let port = attribute("port")
            if !port.isEmpty { service.port = port }
            let transport = attribute("protocol")
            if !transport.isEmpty { service.transport = transport }
        case "test":
            guard attribute("status").hasPrefix("vulnerable") else { return }
            append(attribute("id"), attribute("status"), &found) {
                $0.since = attribute("vulnerable-since")
            }
            if scans.count < found.list.count { scans.append(attribute("scan-id")) }
        case "vulnerability": addVulnerability(&found, attribute)
        case "fingerprint" where path.dropLast().last == "software":
            let name = attribute("product")
            guard !name.isEmpty else { return }
            var finding = ScanFinding(device: device, isSoftware: true, code: name)
            finding.state = attribute("version")
            found.append(finding)
        case "reference": isForeign = attribute("source").uppercased() != "CVE"
        case "id": isForeign = attribute("type").uppercased() != "CVE"
        default: break
        }
        while scans.count < found.list.count { scans.append("") }
    }

    private func append(
        _ code: String,
        _ state: String,
        _ found: inout ScanFindings,
        _ change: (inout ScanFinding) -> Void = { _ in }
    ) {
        guard !code.isEmpty else { return }
        var finding = ScanFinding(device: device, service: service, code: code)
        finding.state = state
        change(&finding)
        found.append(finding)
    }

    private mutating func addVulnerability(
        _ found: inout ScanFindings,
        _ attribute: (StaticString) -> String
    ) {
        let id = attribute("id")
        let result = attribute("resultCode")
        guard result.isEmpty else {
            // `VE` exploited, `VV` by its version, `VP` potential; all else is not vulnerable.
            if result.hasPrefix("V") { append(id, result, &found) }
            return
        }
        definition = id
        definitions[id] = Definition(
            title: attribute("title"),
            severity: attribute("severity"),
            score: attribute("cvssScore")
        )
    }

    mutating func add(_ text: String, _ path: [String], _ found: inout ScanFindings) {
        switch path.last {
        case "name" where device.host.isEmpty && path.dropLast().last == "names": device.host = text
        case "reference" where !isForeign: definitions[definition]?.names.append(text)
        case "id" where !isForeign && !found.list.isEmpty:
            found.amend(found.list.count - 1) { $0.names.append(text) }
        default: break
        }
    }

    mutating func close(_ path: [String], _ found: inout ScanFindings) {
        switch path.last {
        case "endpoint", "services": service = ScanFinding.Service()
        case "node", "device":
            // A device's name and system may stand behind the first that was found on it.
            for index in found.list.indices.reversed() {
                guard found.list[index].device.address == device.address else { break }
                found.amend(index) { $0.device = device }
            }
        default: break
        }
    }

    mutating func end(_ found: inout ScanFindings) {
        for index in found.list.indices where !found.list[index].isSoftware {
            let known = definitions[found.list[index].code] ?? Definition()
            let scan = scans[index]
            found.amend(index) { finding in
                finding.title = known.title
                finding.severity = known.severity
                finding.score = known.score
                finding.names = known.names + finding.names
                let since = NexposeLayout.time(finding.since)
                if since.isPresent { finding.since = since.description }
                finding.time = ends[scan] ?? (ends.count == 1 ? ends.first?.value : nil) ?? .absent
                finding.isZoneAssumed = true
            }
        }
    }

    /// `20261005T040000123`: date and time without a zone, as scanners write them; absent if it is none.
    private static func time(_ text: String) -> UTCTime {
        let digits = Array(text.utf8).filter { $0 != 0x54 }
        guard digits.count >= 14, digits.allSatisfy({ $0.isDigit }) else { return .absent }
        func number(_ start: Int, _ count: Int) -> Int {
            digits[start..<start + count].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        var civil = CivilTime(year: number(0, 4), month: number(4, 2), day: number(6, 2))
        civil.hour = number(8, 2)
        civil.minute = number(10, 2)
        civil.second = number(12, 2)
        return civil.isValid ? civil.utc() : .absent
    }
}
