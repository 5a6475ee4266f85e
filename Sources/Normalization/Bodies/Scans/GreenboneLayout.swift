// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reports of OpenVAS and Greenbone in XML: a list of results, each with its host and the test that gave it.
///
/// - Source: Greenbone, "Greenbone Management Protocol", element `report`.
struct GreenboneLayout: ScanLayout {
    static let id = "greenbone.openvas"
    static let roots = ["<report ", "<report>", "<get_reports_response"]

    private(set) var isSure = false
    private var result: ScanFinding?
    /// Elements around the result at hand.
    private var depth = 0

    mutating func open(
        _ path: [String],
        _ found: inout ScanFindings,
        _ attribute: (StaticString) -> String
    ) {
        guard result != nil else {
            guard path.last == "result", path.dropLast().last == "results" else { return }
            var finding = ScanFinding()
            finding.number = attribute("id")
            result = finding
            depth = path.count
            return
        }
        switch (path.last, path.count - depth) {
        case ("nvt", 1):
            isSure = true
            result?.code = attribute("oid")
        case ("ref", 3) where path[depth] == "nvt" && attribute("type").lowercased() == "cve":
            addNames(attribute("id"))
        default: break
        }
    }

    mutating func add(_ text: String, _ path: [String], _ found: inout ScanFindings) {
        guard result != nil, path.count > depth else { return }
        switch path[depth...].joined(separator: ".") {
        case "name": result?.title = text
        case "host": result?.device.address = text
        case "host.hostname": result?.device.host = text
        case "port": result?.service = GreenboneLayout.service(text)
        case "threat": result?.severity = text
        case "severity": result?.score = text
        case "creation_time", "modification_time":
            guard result?.time.isPresent == false else { return }
            let (time, isZoneAssumed) = ScanReport.time(text)
            result?.time = time
            result?.isZoneAssumed = isZoneAssumed
        case "nvt.name": if result?.title.isEmpty == true { result?.title = text }
        case "nvt.cvss_base": if result?.score.isEmpty == true { result?.score = text }
        case "nvt.cve": addNames(text)
        default: break
        }
    }

    /// Older reports write `NOCVE` for none, and several with commas.
    private mutating func addNames(_ text: String) {
        for name in text.split(separator: ",").map({ String($0).trimmed }) where name.hasPrefix("CVE-") {
            if result?.names.contains(name) == false { result?.names.append(name) }
        }
    }

    /// `443/tcp`, `general/icmp`, `https (443/tcp)`.
    private static func service(_ text: String) -> ScanFinding.Service {
        var service = ScanFinding.Service()
        let name = text.prefix { $0 != "(" }
        var place = text[...]
        if name.endIndex < text.endIndex {
            service.name = String(name).trimmed
            place = text[name.endIndex...].dropFirst().prefix { $0 != ")" }
        }
        let parts = place.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return service }
        service.transport = String(parts[1])
        if parts[0].allSatisfy({ $0.isASCII && $0.isNumber }) { service.port = String(parts[0]) }
        return service
    }

    mutating func close(_ path: [String], _ found: inout ScanFindings) {
        guard let finding = result, path.count == depth else { return }
        result = nil
        if !finding.code.isEmpty { found.append(finding) }
    }
}
