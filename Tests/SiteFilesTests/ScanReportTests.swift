// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization
import Testing

/// Reports of scanners in XML.
struct ScanReportTests {
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

    private static let nessus = """
        <?xml version="1.0" ?>
        <NessusClientData_v2><Policy><policyName>ward</policyName></Policy>
        <Report name="ward" xmlns:cm="urn:cm">
        <ReportHost name="pacs-31.example"><HostProperties>
        <tag name="HOST_END">Mon Oct  5 04:00:00 2026</tag>
        <tag name="mac-address">F4:8E:38:44:77:31
        F4:8E:38:44:77:32</tag>
        <tag name="operating-system">Microsoft Windows 10
        Microsoft Windows 11</tag>
        <tag name="host-ip">10.44.9.31</tag>
        </HostProperties>
        <ReportItem port="3389" svc_name="msrdp" protocol="tcp" severity="3" pluginID="58453"
          pluginName="Weak &amp; old">
        <cve>CVE-2026-0005</cve><cve>CVE-2026-0006</cve><cvss_base_score>4.3</cvss_base_score>
        <cvss3_base_score>5.9</cvss3_base_score><risk_factor>High</risk_factor>
        <plugin_output>two
        lines</plugin_output></ReportItem>
        </ReportHost>
        <ReportHost name="10.44.9.32"><HostProperties>
        <tag name="HOST_END_TIMESTAMP">1791176400</tag></HostProperties>
        <ReportItem port="0" svc_name="general" protocol="icmp" severity="0" pluginID="10114"
          pluginName="ICMP"/>
        </ReportHost></Report></NessusClientData_v2>
        """

    @Test func `each item of a Nessus file is one event of its host`() {
        let events = events(Self.nessus)
        #expect(events.count == 2)
        #expect(events[0].contains("update vulnerability unknown 2026-10-05T04:00:00Z"), "\(events[0])")
        for part in [
            "vendor.product=tenable.nessus", "src.ip=10.44.9.31", "src.host=pacs-31.example",
            "src.mac=f4:8e:38:44:77:31", "src.port=3389", "network.transport=tcp", "ext.service=msrdp",
            "vendor.code=58453", "ext.artefact=Weak & old", "ext.vendor.severity=High", "ext.cvss=5.9",
            "ext.cve=CVE-2026-0005,CVE-2026-0006", "ext.os=Microsoft Windows 10", "time_zone_assumed",
        ] { #expect(events[0].contains(part), "\(part) in \(events[0])") }
        #expect(events[1].contains("update vulnerability unknown 2026-10-05T05:00:00Z"), "\(events[1])")
        #expect(events[1].contains("src.ip=10.44.9.32") && events[1].contains("ext.vendor.severity=0"))
        for part in ["src.port", "src.host", "ext.cve", "ext.os", "time_zone_assumed"] {
            #expect(!events[1].contains(part), "\(part) in \(events[1])")
        }
    }

    private static let greenbone = """
        <report id="a1" content_type="text/xml"><name>ward</name><report id="a1">
        <host><ip>10.44.9.40</ip></host>
        <results max="2" start="1"><result id="r-1"><name>TLS &lt; 1.2</name>
        <creation_time>2026-10-05T04:00:00Z</creation_time>
        <detection><result id="r-0"><details><detail><name>source_oid</name>
        </detail></details></result>
        </detection>
        <host>10.44.9.31<asset asset_id="b1"/><hostname>pacs-31</hostname></host><port>443/tcp</port>
        <nvt oid="1.3.6.1.4.1.25623.1.0.7"><type>nvt</type><name>TLS</name><cvss_base>4.3</cvss_base>
        <refs><ref type="cve" id="CVE-2026-0005"/><ref type="url" id="x"/>
        <ref type="cve" id="CVE-2026-0006"/></refs>
        </nvt><threat>Medium</threat><severity>4.8</severity></result>
        <result id="r-2"><host>10.44.9.32</host><port>general/icmp</port>
        <nvt oid="1.3.6.1.4.1.25623.1.0.8"><name>ICMP</name><cve>NOCVE</cve></nvt>
        <threat>Log</threat></result>
        </results></report></report>
        """

    @Test func `each result of an OpenVAS report is one event`() {
        let events = events(Self.greenbone)
        #expect(events.count == 2)
        #expect(events[0].contains("update vulnerability unknown 2026-10-05T04:00:00Z"), "\(events[0])")
        for part in [
            "vendor.product=greenbone.openvas", "src.ip=10.44.9.31", "src.host=pacs-31", "src.port=443",
            "network.transport=tcp", "vendor.code=1.3.6.1.4.1.25623.1.0.7", "ext.artefact=TLS < 1.2",
            "ext.vendor.severity=Medium", "ext.cvss=4.8", "ext.cve=CVE-2026-0005,CVE-2026-0006",
            "ext.object.id=r-1",
        ] { #expect(events[0].contains(part), "\(part) in \(events[0])") }
        #expect(events[1].contains("src.ip=10.44.9.32") && events[1].contains("ext.artefact=ICMP"))
        #expect(events[1].contains("network.transport=icmp"))
        for part in ["src.port", "src.host", "ext.cve", "pacs-31"] {
            #expect(!events[1].contains(part), "\(part) in \(events[1])")
        }
    }

    @Test func `a report of something else is no scanner's`() {
        let events = events(
            "<report name=\"sales\"><results><result id=\"1\"><sum>7</sum></result></results></report>"
        )
        #expect(events.count == 1 && !events[0].contains("greenbone"), "\(events)")
    }
}
