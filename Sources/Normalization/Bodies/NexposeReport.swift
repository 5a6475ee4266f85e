// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Reads the XML reports of Nexpose and InsightVM, `NexposeReport` in both versions and `NeXposeSimpleXML`:
/// one event for each vulnerability of a device, one for each software found on it.
///
/// In Swift because what a finding is called, how severe it is and its CVE stand in another place of the
/// document than the finding. What is read before the document breaks off counts.
///
/// - Source: Rapid7, "Understanding the reporting data model" and the samples that its users publish.
struct NexposeReport: Sendable {
    static let id = "rapid7.nexpose"
    /// Bytes of the body in which the root must begin.
    private static let rootReachBytes = 1_024
    private static let roots = ["<NexposeReport", "<NeXposeSimpleXML"].map { Array($0.utf8) }

    /// What the document says of a vulnerability.
    private struct Definition: Sendable {
        var title = ""
        var severity = ""
        var score = ""
        var names: [String] = []
    }

    /// A vulnerability, or a software, on a device.
    private struct Finding: Sendable {
        var device = Device()
        var service = Service()
        var isSoftware = false
        /// Identifier of the vulnerability, or name of the software.
        var name = ""
        /// Result of the test, or version of the software.
        var state = ""
        var since = ""
        var scan = ""
        var names: [String] = []
    }

    private struct Device: Sendable {
        var address = ""
        var hardware = ""
        var host = ""
        var system = ""
        var site = ""
    }

    private struct Service: Sendable {
        var port = ""
        var transport = ""
        var name = ""
    }

    private var scanner = XMLScanner()
    private var path: [String] = []
    private var device = Device()
    private var service = Service()
    private var findings: [Finding] = []
    private var definitions: [String: Definition] = [:]
    private var definition = ""
    private var ends: [String: UTCTime] = [:]
    private var isTooMuch = false

    /// Reads the report at `range`; false when it is none.
    mutating func decode(_ bytes: Span<UInt8>, _ range: Range<Int>, into drafts: inout EventDrafts) -> Bool {
        guard let first = range.first, bytes[first] == 0x3c else { return false }
        let head = first..<min(range.upperBound, first + NexposeReport.rootReachBytes)
        let isReport = NexposeReport.roots.contains { ByteSearch.first(of: $0.span, bytes, head) != nil }
        guard isReport else { return false }
        self = NexposeReport()
        let issues = read(bytes, range)
        for finding in findings { draft(finding, into: &drafts) }
        if findings.isEmpty {
            drafts.begin(.update, .statusReport, .unknown)
            drafts.add(.vendorProduct, NexposeReport.id)
            drafts.amend { $0.flags.insert(.witness) }
        }
        drafts.amend { $0.issues.formUnion(isTooMuch ? issues.union(.decodeTruncated) : issues) }
        return true
    }

    private mutating func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> ParseIssues {
        scanner.begin(range)
        while true {
            switch scanner.next(bytes) {
            case .open(let name):
                path.append(String(decoding: bytes, name))
                open(bytes)
            case .close:
                close()
                path.removeLast()
            case .text(let part): add(value(bytes, part))
            case .literal(let part): add(String(decoding: bytes, part))
            case .end: return []
            case .fault(let fault): return fault.issues
            }
        }
    }

    private func value(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        var resolved: [UInt8] = []
        XMLText.append(bytes, range, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }

    private mutating func attribute(_ name: StaticString, _ bytes: Span<UInt8>) -> String {
        let name = name.description
        for attribute in scanner.attributes where String(decoding: bytes, attribute.name) == name {
            return value(bytes, attribute.value)
        }
        return ""
    }

    private mutating func open(_ bytes: Span<UInt8>) {
        switch path.last {
        case "scan": ends[attribute("id", bytes)] = NexposeReport.time(attribute("endTime", bytes))
        case "node", "device":
            device = Device(
                address: attribute("address", bytes),
                hardware: attribute("hardware-address", bytes)
            )
            device.site = attribute("site-name", bytes)
            service = Service()
        case "os":
            guard device.system.isEmpty else { return }
            device.system = [attribute("product", bytes), attribute("version", bytes)].filter { !$0.isEmpty }
                .joined(separator: " ")
        case "endpoint":
            service = Service(port: attribute("port", bytes), transport: attribute("protocol", bytes))
        case "service":
            service.name = attribute("name", bytes)
            // The simple form has no endpoints.
            let port = attribute("port", bytes)
            if !port.isEmpty { service.port = port }
            let transport = attribute("protocol", bytes)
            if !transport.isEmpty { service.transport = transport }
        case "test": addTest(bytes)
        case "vulnerability": addVulnerability(bytes)
        case "fingerprint" where path.dropLast().last == "software":
            var finding = Finding(device: device, isSoftware: true, name: attribute("product", bytes))
            finding.state = attribute("version", bytes)
            if !finding.name.isEmpty { append(finding) }
        case "reference" where attribute("source", bytes).uppercased() != "CVE": path[path.count - 1] = ""
        case "id" where attribute("type", bytes).uppercased() != "CVE": path[path.count - 1] = ""
        default: break
        }
    }

    private mutating func addTest(_ bytes: Span<UInt8>) {
        var finding = Finding(device: device, service: service, name: attribute("id", bytes))
        finding.state = attribute("status", bytes)
        finding.since = attribute("vulnerable-since", bytes)
        finding.scan = attribute("scan-id", bytes)
        if finding.state.hasPrefix("vulnerable"), !finding.name.isEmpty { append(finding) }
    }

    private mutating func addVulnerability(_ bytes: Span<UInt8>) {
        let id = attribute("id", bytes)
        let result = attribute("resultCode", bytes)
        guard result.isEmpty else {
            // `VE` exploited, `VV` by its version, `VP` potential; all else is not vulnerable.
            var finding = Finding(device: device, service: service, name: id)
            finding.state = result
            if result.hasPrefix("V") { append(finding) }
            return
        }
        definition = id
        definitions[id] = Definition(
            title: attribute("title", bytes),
            severity: attribute("severity", bytes),
            score: attribute("cvssScore", bytes)
        )
    }

    private mutating func append(_ finding: Finding) {
        guard findings.count < Normalizer.elementCountMax else {
            isTooMuch = true
            return
        }
        findings.append(finding)
    }

    private mutating func add(_ text: String) {
        let text = text.trimmed
        guard !text.isEmpty else { return }
        switch path.last {
        case "name" where device.host.isEmpty && path.dropLast().last == "names": device.host = text
        case "reference": definitions[definition]?.names.append(text)
        case "id" where !findings.isEmpty: findings[findings.count - 1].names.append(text)
        default: break
        }
    }

    private mutating func close() {
        switch path.last {
        case "endpoint", "services": service = Service()
        case "node", "device": finish()
        default: break
        }
    }

    /// A device's name and system may stand behind the first that was found on it.
    private mutating func finish() {
        for index in findings.indices.reversed() {
            guard findings[index].device.address == device.address else { break }
            findings[index].device = device
        }
    }

    private func draft(_ finding: Finding, into drafts: inout EventDrafts) {
        drafts.begin(.update, finding.isSoftware ? .versionReport : .vulnerability, .unknown)
        drafts.amend { $0.flags.insert(.witness) }
        drafts.add(.vendorProduct, NexposeReport.id)
        drafts.add(.sourceKind, "scanner")
        drafts.add(.sourceIP, finding.device.address)
        drafts.add(.sourceHost, finding.device.host)
        let hardware = Array(finding.device.hardware.utf8)
        var address: [UInt8] = []
        if HardwareAddress.append(hardware.span, 0..<hardware.count, to: &address) {
            drafts.add(.sourceMAC, address.span, 0..<address.count)
        }
        drafts.add(named: "ext.os", finding.device.system)
        drafts.add(named: "ext.site", finding.device.site)
        guard !finding.isSoftware else {
            drafts.add(.softwareName, finding.name)
            drafts.add(.softwareTo, finding.state)
            return
        }
        let known = definitions[finding.name] ?? Definition()
        drafts.add(.sourcePort, finding.service.port == "0" ? "" : finding.service.port)
        drafts.add(.networkTransport, finding.service.transport)
        drafts.add(named: "ext.service", finding.service.name)
        drafts.add(.vendorCode, finding.name)
        drafts.add(.artefact, known.title.isEmpty ? finding.name : known.title)
        drafts.add(.vendorSeverity, known.severity)
        drafts.add(named: "ext.cvss", known.score)
        drafts.add(named: "ext.cve", (known.names + finding.names).joined(separator: ","))
        drafts.add(named: "ext.state", finding.state)
        let since = NexposeReport.time(finding.since)
        drafts.add(named: "ext.first.seen", since.isPresent ? since.description : finding.since)
        let end = ends[finding.scan] ?? (ends.count == 1 ? ends.first?.value : nil) ?? .absent
        drafts.amend {
            $0.time = end
            if end.isPresent { $0.issues.insert(.timeZoneAssumed) }
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

extension String {
    /// Without blanks and line ends around it.
    fileprivate var trimmed: String {
        let text = drop { $0.isWhitespace }
        guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[...last])
    }
}
