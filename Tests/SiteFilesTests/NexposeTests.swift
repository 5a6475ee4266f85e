// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Testing

/// Reports of Nexpose and InsightVM in XML.
struct NexposeTests {
    private static let report = """
        <?xml version="1.0" encoding="UTF-8"?>
        <NexposeReport version="2.0">
          <scans><scan id="7" name="ward" endTime="20261005T040000000"/></scans>
          <nodes>
            <node address="10.44.9.31" status="alive" hardware-address="F48E38447731" site-name="ward">
              <names><name>pacs-31</name><name>pacs-31.example</name></names>
              <fingerprints><os vendor="Ubuntu" product="Linux" version="22.04"/></fingerprints>
              <software><fingerprint product="openssl" version="3.0.2" vendor="OpenSSL"/></software>
              <tests>
                <test id="generic-icmp-timestamp" status="vulnerable-exploited" scan-id="7"
                  vulnerable-since="20260901T120000000"><Paragraph>Clock of the system.</Paragraph></test>
                <test id="no-finding" status="not-vulnerable" scan-id="7"/>
              </tests>
              <endpoints>
                <endpoint protocol="tcp" port="443" status="open">
                  <services><service name="HTTPS"><tests>
                    <test id="tls-weak" status="vulnerable-version" scan-id="7"/>
                  </tests></service></services>
                </endpoint>
              </endpoints>
            </node>
            <node address="10.44.9.32">
              <tests><test id="other" status="vulnerable-potential" scan-id="7"/></tests>
            </node>
          </nodes>
          <VulnerabilityDefinitions>
            <vulnerability id="tls-weak" title="Weak cipher &amp; old protocol" severity="7" cvssScore="5.9">
              <references><reference source="BID">1</reference>
              <reference source="CVE">CVE-2026-0005</reference>
              <reference source="CVE">CVE-2026-0006</reference></references>
            </vulnerability>
          </VulnerabilityDefinitions>
        </NexposeReport>
        """

    private func events(_ text: String) -> [String] { AssemblyTests.events([(0, text)]) }

    @Test func `each vulnerability of each device is one event, named by its definition`() {
        let events = events(Self.report)
        #expect(events.count == 4)
        #expect(events[0].contains("update version_report") && events[0].contains("software.name=openssl"))
        #expect(events[0].contains("software.to=3.0.2") && events[0].contains("src.host=pacs-31"))
        #expect(events[1].contains("update vulnerability unknown 2026-10-05T04:00:00Z"))
        for part in [
            "src.ip=10.44.9.31", "src.mac=f4:8e:38:44:77:31", "vendor.code=generic-icmp-timestamp",
            "ext.state=vulnerable-exploited", "ext.first.seen=2026-09-01T12:00:00Z", "ext.os=Linux 22.04",
        ] { #expect(events[1].contains(part), "\(part)") }
        for part in [
            "src.port=443", "network.transport=tcp", "ext.artefact=Weak cipher & old protocol",
            "ext.vendor.severity=7", "ext.cvss=5.9", "ext.cve=CVE-2026-0005,CVE-2026-0006",
            "ext.service=HTTPS",
        ] { #expect(events[2].contains(part), "\(part)") }
        #expect(events[3].contains("src.ip=10.44.9.32") && !events[3].contains("src.port"))
        #expect(!events[3].contains("pacs-31") && events[3].contains("ext.artefact=other"))
    }

    @Test func `the simple form gives the same facts`() {
        let events = events(
            """
            <NeXposeSimpleXML version="1.0"><devices><device address="10.44.9.31" id="1">
            <vulnerabilities><vulnerability id="icmp" resultCode="VE">
            <id type="cve">CVE-1999-0524</id></vulnerability></vulnerabilities>
            <services><service name="SSH" port="22" protocol="tcp"><vulnerabilities>
            <vulnerability id="ssh-old" resultCode="VV"/><vulnerability id="ssh-new" resultCode="NV"/>
            </vulnerabilities></service></services></device></devices></NeXposeSimpleXML>
            """
        )
        #expect(events.count == 2)
        #expect(events[0].contains("vendor.code=icmp") && events[0].contains("ext.cve=CVE-1999-0524"))
        #expect(events[1].contains("vendor.code=ssh-old") && events[1].contains("src.port=22"))
    }

    @Test func `a report that breaks off tells what came before, and says so`() {
        let cut = Self.report.split(separator: "<node address=\"10.44.9.32\"").first.map(String.init) ?? ""
        let events = events(cut)
        #expect(events.count == 3 && events[2].contains("vendor.code=tls-weak"))
        #expect(events[2].contains("bad_xml") && !events[1].contains("bad_xml"))
    }

    @Test func `a report without findings, and one of more than are told, say so`() {
        let none = events("<NexposeReport version=\"1.0\"><scans/><nodes/></NexposeReport>")
        #expect(none.count == 1 && none[0].contains("update status_report"))
        let tests = String(repeating: "<test id=\"a\" status=\"vulnerable-version\"/>", count: 1_025)
        let node = "<node address=\"10.44.9.31\"><tests>\(tests)</tests></node>"
        let many = events("<NexposeReport><nodes>\(node)</nodes></NexposeReport>")
        #expect(many.count == 1_024 && many[1_023].contains("decode_truncated"))
        #expect(!many[0].contains("decode_truncated"))
    }
}
