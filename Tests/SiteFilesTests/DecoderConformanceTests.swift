// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Normalization
import SiteFiles
import Testing

/// Real lines that nobody in this project wrote.
///
/// Needs the conformance folder; absent, the suite is skipped and says so.
@Suite(.enabled(if: DecoderFixtures.conformance != nil, "the conformance folder is absent"))
struct DecoderConformanceTests {
    /// File, and how many of its lines may stay undecoded: lines of programs that the sources table does not
    /// cover.
    @Test(arguments: [
        ("sources/auth/crowdsec-sshd-logs.log", 0), ("sources/auth/crowdsec-sshd-success-logs.log", 0),
        ("sources/auth/crowdsec-pam-logs.log", 0), ("sources/auth/crowdsec-opnsense-sshd.log", 0),
        ("sources/auth/s4-Ubuntu22-auth.log", 0), ("sources/cisco/sc4s-test_cisco_asa.log", 0),
        ("sources/cisco/sc4s-test_cisco_ios.log", 0), ("sources/dhcp/sc4s-test_isc.log", 0),
        ("sources/update/s4-Ubuntu22-dpkg.log", 0), ("sources/update/s4-Ubuntu22-apt-history.log", 0),
        ("sources/update/s4-CentOS7-yum.log", 0), ("sources/update/s4-CentOS9-dnf.rpm.log", 0),
        ("sources/zeek/zed-notice.json", 0), ("sources/zeek/zed-ssh.json", 0),
        ("sources/zeek/zed-software.json", 0),
        ("sources/ids/crowdsec-suricata-logs-evelog.log", 0),
        ("sources/ids/crowdsec-suricata-logs-fastlog.log", 0),
        ("sources/windows/otrf-covenant_copy_smb-security.jsonl", 0),
    ])
    func `lines of a covered source decode`(path: String, undecodedMax: Int) {
        let lines = DecoderFixtures.lines(path)
        #expect(!lines.isEmpty)
        let events = DecoderFixtures.decode(lines)
        let undecoded = events.events.count { $0.issues.contains(.undecoded) }
        #expect(undecoded <= undecodedMax)
        #expect(events.events.allSatisfy { $0.issues.contains(.undecoded) || $0.eventClass != .unclassified })
    }

    @Test func `a source that nobody decodes is counted as undecoded`() {
        // The mutant beside the harness above: were `undecoded` never set, that test could not fail.
        let events = DecoderFixtures.decode(
            DecoderFixtures.lines("sources/syslog/lnav-logfile_invalid_utf8.0")
        )
        #expect(events.events.contains { $0.issues.contains(.undecoded) })
    }

    @Test(arguments: ["B02", "B05"])
    func `scenario lines of network sources decode`(name: String) {
        let lines = DecoderFixtures.lines("scenarios/\(name).log")
        #expect(!lines.isEmpty)
        let events = DecoderFixtures.decode(lines)
        #expect(events.events.allSatisfy { !$0.issues.contains(.undecoded) && $0.eventClass == .network })
    }
}
