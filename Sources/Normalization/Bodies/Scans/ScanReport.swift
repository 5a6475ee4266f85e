// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// How the XML reports of a scanner are laid out; told of the elements of a document in their order.
protocol ScanLayout: Sendable {
    /// Identifier of the decoder and of the product.
    static var id: String { get }
    /// How the root of such a document begins.
    static var roots: [String] { get }

    init()
    /// Whether what was read so far shows that the document is such a report, where its root does not.
    var isSure: Bool { get }
    /// An element begins, whose name is the last of `path`; `attribute` gives a value by name, or an empty
    /// one.
    mutating func open(_ path: [String], _ found: inout ScanFindings, _ attribute: (StaticString) -> String)
    /// Text of the element that is the last of `path`, without blanks around it; never empty.
    mutating func add(_ text: String, _ path: [String], _ found: inout ScanFindings)
    /// The element that is the last of `path` ends.
    mutating func close(_ path: [String], _ found: inout ScanFindings)
    /// The document has ended or broken off.
    mutating func end(_ found: inout ScanFindings)
}

extension ScanLayout {
    var isSure: Bool { true }
    mutating func end(_ found: inout ScanFindings) {}
}

/// A vulnerability or a software that a scanner found on a device.
struct ScanFinding: Sendable {
    /// Where it was found.
    struct Device: Sendable {
        var address = ""
        var hardware = ""
        var host = ""
        var system = ""
        var site = ""
    }

    /// What answered at the device.
    struct Service: Sendable {
        var port = ""
        var transport = ""
        var name = ""
    }

    var device = Device()
    var service = Service()
    var isSoftware = false
    /// What the scanner calls the vulnerability, or the name of the software.
    var code = ""
    var title = ""
    var severity = ""
    var score = ""
    /// Its CVE identifiers.
    var names: [String] = []
    /// Result of the test, or version of the software.
    var state = ""
    /// Identifier of this finding among all.
    var number = ""
    var since = ""
    var time = UTCTime.absent
    /// Whether the time was stated without a zone.
    var isZoneAssumed = false
}

/// What a report has given so far, bounded.
struct ScanFindings: Sendable {
    private(set) var list: [ScanFinding] = []
    private(set) var isTooMuch = false

    mutating func append(_ finding: ScanFinding) {
        guard list.count < Normalizer.elementCountMax else {
            isTooMuch = true
            return
        }
        list.append(finding)
    }

    /// Changes the finding at `index`.
    mutating func amend(_ index: Int, _ change: (inout ScanFinding) -> Void) { change(&list[index]) }
}

/// Reads XML reports of vulnerability scanners: one event for each vulnerability of a device, one for each
/// software found on it.
///
/// In Swift because what belongs to a finding stands in elements around it, before and behind it. What is
/// read before the document breaks off counts.
struct ScanReport: Sendable {
    /// Bytes of the body in which the root must begin.
    private static let rootReachBytes = 1_024
    private static let layouts: [(layout: any ScanLayout.Type, roots: [[UInt8]])] = [
        NexposeLayout.self, NessusLayout.self, GreenboneLayout.self,
    ].map { (layout: any ScanLayout.Type) in (layout, layout.roots.map { Array($0.utf8) }) }

    private var scanner = XMLScanner()
    private var path: [String] = []

    /// Reads the report at `range`; the identifier of its decoder, nil when it is none.
    mutating func decode(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        into drafts: inout EventDrafts
    ) -> String? {
        guard let first = range.first, bytes[first] == 0x3c else { return nil }
        let head = first..<min(range.upperBound, first + ScanReport.rootReachBytes)
        let known = ScanReport.layouts.first { known in
            known.roots.contains { ByteSearch.first(of: $0.span, bytes, head) != nil }
        }
        guard let known else { return nil }
        var layout = known.layout.init()
        var found = ScanFindings()
        var issues = read(bytes, range, &layout, &found)
        guard layout.isSure else { return nil }
        layout.end(&found)
        if found.isTooMuch { issues.insert(.decodeTruncated) }
        for finding in found.list { ScanReport.draft(finding, known.layout.id, into: &drafts) }
        if found.list.isEmpty {
            drafts.begin(.update, .statusReport, .unknown)
            drafts.add(.vendorProduct, known.layout.id)
            drafts.amend { $0.flags.insert(.witness) }
        }
        drafts.amend { $0.issues.formUnion(issues) }
        return known.layout.id
    }

    private mutating func read(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ layout: inout any ScanLayout,
        _ found: inout ScanFindings
    ) -> ParseIssues {
        path.removeAll(keepingCapacity: true)
        scanner.begin(range)
        while true {
            switch scanner.next(bytes) {
            case .open(let name):
                path.append(String(decoding: bytes, name))
                layout.open(path, &found) { value(of: $0, bytes) }
            case .close:
                layout.close(path, &found)
                path.removeLast()
            case .text(let part):
                let text = ScanReport.resolved(bytes, part).trimmed
                if !text.isEmpty { layout.add(text, path, &found) }
            case .literal(let part):
                let text = String(decoding: bytes, part).trimmed
                if !text.isEmpty { layout.add(text, path, &found) }
            case .end: return []
            case .fault(let fault): return fault.issues
            }
        }
    }

    private static func resolved(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
        var resolved: [UInt8] = []
        XMLText.append(bytes, range, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }

    private func value(of name: StaticString, _ bytes: Span<UInt8>) -> String {
        let name = name.description
        for attribute in scanner.attributes where String(decoding: bytes, attribute.name) == name {
            return ScanReport.resolved(bytes, attribute.value)
        }
        return ""
    }

    /// A time as scanners write it, and whether its zone is assumed; absent if it is none.
    static func time(_ text: String) -> (time: UTCTime, isZoneAssumed: Bool) {
        let bytes = Array(text.utf8)
        let context = StampContext(reference: UTCTime(nanoseconds: 0), offsetSeconds: 0)
        guard let found = BodyTime(bytes.span, 0..<bytes.count, context) else { return (.absent, false) }
        return (found.time, found.issues.contains(.timeZoneAssumed))
    }

    private static func draft(_ finding: ScanFinding, _ product: String, into drafts: inout EventDrafts) {
        drafts.begin(.update, finding.isSoftware ? .versionReport : .vulnerability, .unknown)
        drafts.amend { $0.flags.insert(.witness) }
        drafts.add(.vendorProduct, product)
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
            drafts.add(.softwareName, finding.code)
            drafts.add(.softwareTo, finding.state)
            return
        }
        drafts.add(.sourcePort, finding.service.port == "0" ? "" : finding.service.port)
        drafts.add(.networkTransport, finding.service.transport)
        drafts.add(named: "ext.service", finding.service.name)
        drafts.add(.vendorCode, finding.code)
        drafts.add(.artefact, finding.title.isEmpty ? finding.code : finding.title)
        drafts.add(.vendorSeverity, finding.severity)
        drafts.add(named: "ext.cvss", finding.score)
        drafts.add(named: "ext.cve", finding.names.joined(separator: ","))
        drafts.add(named: "ext.state", finding.state)
        drafts.add(named: "ext.object.id", finding.number)
        drafts.add(named: "ext.first.seen", finding.since)
        drafts.amend {
            $0.time = finding.time
            if finding.time.isPresent, finding.isZoneAssumed { $0.issues.insert(.timeZoneAssumed) }
        }
    }
}

extension String {
    /// Without blanks and line ends around it.
    var trimmed: String {
        let text = drop { $0.isWhitespace }
        guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(text[...last])
    }

    /// The first line that is not empty, without blanks around it.
    var firstLine: String {
        split(whereSeparator: \.isNewline).lazy.map { String($0).trimmed }.first { !$0.isEmpty } ?? ""
    }
}
