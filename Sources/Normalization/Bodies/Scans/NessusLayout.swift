// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Reports of Nessus in its own XML (`.nessus`, version 2): hosts with properties, then an item for each
/// plugin that had something to say.
///
/// - Source: Tenable, "Nessus v2 File Format".
struct NessusLayout: ScanLayout {
    static let id = "tenable.nessus"
    static let roots = ["<NessusClientData_v2"]

    private var device = ScanFinding.Device()
    private var time = UTCTime.absent
    private var isZoneAssumed = false
    /// Name of the host property at hand.
    private var property = ""
    private var item: ScanFinding?

    mutating func open(
        _ path: [String],
        _ found: inout ScanFindings,
        _ attribute: (StaticString) -> String
    ) {
        switch path.last {
        case "ReportHost":
            let name = attribute("name")
            let bytes = Array(name.utf8)
            let isAddress = IPAddress(bytes.span, 0..<bytes.count) != nil
            device = ScanFinding.Device(address: isAddress ? name : "", host: isAddress ? "" : name)
            (time, isZoneAssumed) = (.absent, false)
        case "tag": property = attribute("name")
        case "ReportItem":
            var finding = ScanFinding(device: device, code: attribute("pluginID"))
            finding.service = ScanFinding.Service(
                port: attribute("port"),
                transport: attribute("protocol"),
                name: attribute("svc_name")
            )
            finding.title = attribute("pluginName")
            finding.severity = attribute("severity")
            (finding.time, finding.isZoneAssumed) = (time, isZoneAssumed)
            item = finding
        default: break
        }
    }

    mutating func add(_ text: String, _ path: [String], _ found: inout ScanFindings) {
        switch path.last {
        case "tag" where path.dropLast().last == "HostProperties": addProperty(text)
        case "cve": item?.names.append(text)
        case "risk_factor": item?.severity = text
        case "cvss3_base_score": item?.score = text
        case "cvss_base_score" where item?.score.isEmpty == true: item?.score = text
        default: break
        }
    }

    private mutating func addProperty(_ text: String) {
        switch property {
        case "host-ip": device.address = text
        case "host-fqdn": device.host = text
        case "host-rdns", "netbios-name": if device.host.isEmpty { device.host = text }
        case "mac-address": device.hardware = text.firstLine
        case "operating-system": device.system = text.firstLine
        case "HOST_END_TIMESTAMP": (time, isZoneAssumed) = ScanReport.time(text)
        case "HOST_END": if !time.isPresent { (time, isZoneAssumed) = ScanReport.time(text) }
        default: break
        }
    }

    mutating func close(_ path: [String], _ found: inout ScanFindings) {
        guard path.last == "ReportItem", let finding = item else { return }
        item = nil
        if !finding.code.isEmpty { found.append(finding) }
    }
}
