// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import Foundation
import Inventory
import Normalization
import SiteFiles
import Testing

/// Each rule of the pack with events that match it and events that only just do not.
@Suite struct RulePackTests {
    /// What a rule is tried with: the first text fires it, the second is one step away from that.
    struct Trial: CustomTestStringConvertible, Sendable {
        var rule: String
        var fires: [String]
        var isQuiet: [String]
        var testDescription: String { rule }
    }

    private static let site: Site = {
        var site = Site()
        let files: [(SiteRole, String)] = [
            (
                .assets,
                """
                asset_id,manufacturer,model,device_type,mac,hostname,zone,vendor_account
                SC-1,Acme,Scan,scanner device,02:00:00:00:00:01,scan1,ward,acme.svc
                SC-2,Acme,Scan,scanner device,02:00:00:00:00:02,scan2,ward,
                SRV-1,Acme,Serve,archive server,02:00:00:00:00:03,srv1,servers,
                """
            ),
            (
                .bindings,
                """
                mac,ip,from,to
                02:00:00:00:00:01,10.8.1.1,2026-01-01T00:00:00Z,
                02:00:00:00:00:02,10.8.1.2,2026-01-01T00:00:00Z,
                02:00:00:00:00:03,10.8.2.3,2026-01-01T00:00:00Z,
                """
            ),
            (.approved, "manufacturer,model,version\nAcme,Scan,2.0\n"),
            (
                .zones,
                """
                {"zones":[{"id":"ward","cidr":["10.8.1.0/24"],"medical":true},
                {"id":"servers","cidr":["10.8.2.0/24"],
                "medical":true},{"id":"suppliers","cidr":["10.8.9.0/24"],"tier":"transit"},{"id":"desks",
                "cidr":["10.9.0.0/16"]}],"conduits":[{"from":"ward","to":"servers","ports":["tcp/104"]},
                {"from":"*","to":"*","dst":["198.51.100.7"],"ports":["tcp/443"]}]}
                """
            ),
            (
                .changes,
                """
                {"change":"C1","kind":"change-window",\
                "start":"2026-09-02T00:00:00Z","end":"2026-09-03T00:00:00Z",\
                "assets":["*"]}
                {"change":"C2","kind":"scan-window",\
                "start":"2026-09-04T00:00:00Z","end":"2026-09-05T00:00:00Z",\
                "assets":["*"],"via":["10.8.1.1"]}
                """
            ),
        ]
        for (role, text) in files {
            do {
                try SiteReader.apply(role: role, bytes: Array(text.utf8), file: role.rawValue, to: &site)
            } catch {
                Issue.record("the site of the test is wrong: \(error)")
            }
        }
        return site
    }()

    private static func files(_ folder: String, _ suffix: String) -> [(name: String, bytes: [UInt8])] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().compactMap { name in
            FileManager.default.contents(atPath: folder + "/" + name).map { (name, Array($0)) }
        }
    }

    private static let decoders = DecoderLoader.load(
        files("decoders", ".decoder.yaml").map { DecoderLoader.File(name: $0.name, bytes: $0.bytes) }
    ).decoders
    private static let pack = SigmaReader.load(
        files("rules", ".yml").map { SigmaReader.File(name: $0.name, bytes: $0.bytes) }
    )

    @Test func `the pack loads without a warning`() {
        #expect(Self.pack.errors == [])
        #expect(Self.pack.warnings == [])
    }

    /// Names of the rules that raise alerts over `lines`.
    private func alerts(_ lines: [String], shuffledBy seed: Int = 0) -> Set<String> {
        var batch = RecordBatch()
        let origin = batch.index(of: Origin(listener: "test", transport: .file))
        for line in seed == 0 ? lines : lines.reversed() {
            batch.append(
                Array(line.utf8),
                kind: .device,
                flags: .imported,
                origin: origin,
                receiveTime: .absent
            )
        }
        var normalizer = Normalizer(decoders: Self.decoders, siteKey: SiteKey(id: "test", secret: [1]))
        var events = EventBatch()
        normalizer.decode(
            batch,
            base: .zero,
            reference: UTCTime(rfc3339: "2026-09-30T00:00:00Z"),
            into: &events
        )
        var correlator = Correlator(rules: Self.pack.rules, register: AssetRegister(site: Self.site))
        correlator.admit(events)
        let last = events.events.map(\.time).max() ?? .absent
        correlator.advance(to: last.advanced(by: 2 * 3_600 * UTCTime.second))
        return Set(correlator.takeJudgements().flatMap(\.alerts).map(\.rule))
    }

    private static func flow(
        _ time: String,
        _ source: String,
        _ target: String,
        _ port: Int,
        state: String = "SF",
        bytes: Int = 9
    ) -> String {
        #"{"_path":"conn","ts":"\#(time)","id.orig_h":"\#(source)","id.orig_p":50000,"#
            + #""id.resp_h":"\#(target)","#
            + #""id.resp_p":\#(port),"proto":"tcp","orig_bytes":\#(bytes),"resp_bytes":1,"#
            + #""conn_state":"\#(state)"}"#
    }

    private static func device(_ time: String, _ host: String, _ text: String) -> String {
        "<38>1 \(time) \(host) agent - - - \(text)"
    }

    private static func logon(
        _ time: String,
        _ code: Int,
        _ host: String,
        _ user: String,
        _ source: String,
        kind: Int = 10
    ) -> String {
        #"{"ts":"\#(time)","source":"winevent","computer":"\#(host)","EventID":\#(code),"user":"\#(user)","#
            + #""LogonType":\#(kind),"src":"\#(source)"}"#
    }

    private static func alert(_ time: String, _ target: String, _ severity: Int) -> String {
        #"{"timestamp":"\#(time)","event_type":"alert","src_ip":"10.9.0.5","src_port":1,"#
            + #""dest_ip":"\#(target)","dest_port":445,"#
            + #""proto":"TCP","alert":{"signature_id":1,"signature":"x","severity":\#(severity)}}"#
    }

    private static func day(_ day: Int, _ clock: String) -> String { "2026-09-0\(day)T\(clock).100Z" }
    private static func at(_ clock: String) -> String { day(1, clock) }

    static let trials: [Trial] = [
        Trial(
            rule: "medical_zone_egress",
            fires: [flow(at("10:00:00"), "10.8.1.1", "203.0.113.9", 443)],
            isQuiet: [
                flow(at("10:00:00"), "10.8.1.1", "198.51.100.7", 443),
                flow(at("10:00:00"), "10.9.0.4", "203.0.113.9", 443),
            ]
        ),
        Trial(
            rule: "service_account_off_conduit",
            fires: [logon(at("10:00:00"), 4624, "scan1", "acme.svc", "10.9.0.4")],
            isQuiet: [
                logon(at("10:00:00"), 4624, "scan1", "acme.svc", "10.8.9.4"),
                logon(at("10:00:00"), 4624, "scan1", "n.ward", "10.9.0.4"),
                logon(at("10:00:00"), 4625, "scan1", "acme.svc", "10.9.0.4"),
            ]
        ),
        Trial(
            rule: "update_without_change",
            fires: [device(at("10:00:00"), "scan1", "configuration changed by n.ward")],
            isQuiet: [device(day(2, "10:00:00"), "scan1", "configuration changed by n.ward")]
        ),
        Trial(
            rule: "unapproved_update_without_change",
            fires: [device(at("10:00:00"), "scan1", "firmware 3.1 installed signature=ok")],
            isQuiet: [device(at("10:00:00"), "scan1", "firmware 2.0 installed signature=ok")]
        ),
        Trial(
            rule: "device_fans_out",
            fires: (1...3).map { flow(at("10:00:0\($0)"), "10.8.1.1", "10.8.2.\($0 + 10)", 22, state: "S0") },
            isQuiet: (1...2).map {
                flow(at("10:00:0\($0)"), "10.8.1.1", "10.8.2.\($0 + 10)", 22, state: "S0")
            }
        ),
        Trial(
            rule: "logon_from_device",
            fires: [logon(at("10:00:00"), 4624, "srv1", "n.ward", "10.8.1.1")],
            isQuiet: [
                logon(at("10:00:00"), 4624, "srv1", "n.ward", "10.8.1.1", kind: 3),
                logon(at("10:00:00"), 4624, "scan1", "n.ward", "10.8.1.1"),
            ]
        ),
        Trial(
            rule: "logon_from_reached_host",
            fires: [
                flow(at("10:00:00"), "10.8.1.1", "203.0.113.9", 443),
                flow(at("10:01:00"), "10.8.1.1", "10.9.0.7", 443),
                logon(at("10:03:00"), 4624, "srv1", "n.ward", "10.9.0.7"),
            ],
            isQuiet: [
                flow(at("10:00:00"), "10.8.1.1", "203.0.113.9", 443),
                flow(at("10:01:00"), "10.8.1.1", "10.9.0.7", 443),
                logon(at("10:09:00"), 4624, "srv1", "n.ward", "10.9.0.7"),
            ]
        ),
        Trial(
            rule: "remote_service_without_change",
            fires: [device(at("10:00:00"), "scan1", "remote service session opened by acme.k")],
            isQuiet: [device(day(2, "10:00:00"), "scan1", "remote service session opened by acme.k")]
        ),
        Trial(
            rule: "vendor_acts_outside_session",
            fires: [logon(at("10:00:00"), 4720, "scan1", "acme.svc", "10.8.9.4")],
            isQuiet: [
                device(at("09:00:00"), "scan1", "service mode entered by acme.svc"),
                logon(at("10:00:00"), 4720, "scan1", "acme.svc", "10.8.9.4"),
            ]
        ),
        Trial(
            rule: "new_peer_in_session",
            fires: [
                device(at("10:00:00"), "scan1", "remote service session opened by acme.k"),
                flow(at("10:05:00"), "10.8.1.1", "10.8.2.3", 445),
            ],
            isQuiet: [
                device(at("10:00:00"), "scan1", "remote service session opened by acme.k"),
                flow(at("10:05:00"), "10.8.1.1", "10.8.2.3", 104),
            ]
        ),
        Trial(
            rule: "audit_tampering",
            fires: [device(at("10:00:00"), "scan1", "audit recording disabled by n.ward")],
            isQuiet: [
                device(at("10:00:00"), "scan1", "audit recording resumed by n.ward"),
                device(at("10:00:00"), "desk9", "audit recording disabled by n.ward"),
            ]
        ),
        Trial(
            rule: "attack_on_device_seen",
            fires: [alert(at("10:00:00"), "10.8.1.1", 1)],
            isQuiet: [alert(at("10:00:00"), "10.8.1.1", 3)]
        ),
        Trial(
            rule: "attack_then_symptom",
            fires: [
                alert(at("10:00:00"), "10.8.1.1", 1), device(at("10:04:00"), "scan1", "system is rebooting"),
            ],
            isQuiet: [
                alert(at("10:00:00"), "10.8.1.1", 1), device(at("10:06:00"), "scan1", "system is rebooting"),
            ]
        ),
        Trial(
            rule: "symptom_after_reach",
            fires: [
                alert(at("10:00:00"), "10.8.1.1", 1), flow(at("10:01:00"), "10.8.1.1", "10.8.1.2", 445),
                device(at("10:03:00"), "scan2", "system is rebooting"),
            ],
            isQuiet: [
                flow(at("10:01:00"), "10.8.1.1", "10.8.1.2", 445),
                device(at("10:03:00"), "scan2", "system is rebooting"),
            ]
        ),
        Trial(
            rule: "bulk_export_then_destructive_act",
            fires: [export(at("10:00:00"), "1.1"), export(at("10:00:05"), "1.2"), deletion(at("11:00:00"))],
            isQuiet: [export(at("10:00:00"), "1.1"), export(at("10:00:05"), "1.1"), deletion(at("11:00:00"))]
        ),
        Trial(
            rule: "bulk_export_then_egress_from_system",
            fires: [
                export(at("10:00:00"), "1.1"), export(at("10:00:05"), "1.2"),
                flow(at("11:00:00"), "10.8.2.3", "203.0.113.9", 443),
            ],
            isQuiet: [
                export(at("10:00:00"), "1.1"), export(at("10:00:05"), "1.2"),
                flow(at("11:00:00"), "10.8.2.3", "198.51.100.7", 443),
            ]
        ),
        Trial(
            rule: "many_objects_exported_then_destructive_act",
            fires: [
                device(at("10:00:00"), "srv1", "exported 40 studies by n.ward"), deletion(at("11:00:00")),
            ],
            isQuiet: [
                device(at("10:00:00"), "srv1", "exported 4 studies by n.ward"), deletion(at("11:00:00")),
            ]
        ),
        Trial(
            rule: "many_objects_exported_then_egress_from_system",
            fires: [
                device(at("10:00:00"), "srv1", "exported 40 studies by n.ward"),
                flow(at("11:00:00"), "10.8.2.3", "203.0.113.9", 443),
            ],
            isQuiet: [
                device(day(2, "10:00:00"), "srv1", "exported 40 studies by n.ward"),
                flow(day(2, "11:00:00"), "10.8.2.3", "203.0.113.9", 443),
            ]
        ),
        Trial(
            rule: "artefact_spreads",
            fires: [
                device(at("10:00:00"), "scan1", "Service upd7 installed"),
                device(at("10:20:00"), "scan2", "Service upd7 installed"),
            ],
            isQuiet: [
                device(at("10:00:00"), "scan1", "Service upd7 installed"),
                device(at("10:20:00"), "scan2", "Service upd8 installed"),
            ]
        ),
        Trial(
            rule: "unapproved_version_spreads",
            fires: [
                device(at("10:00:00"), "scan1", "firmware 3.1 installed"),
                device(at("10:20:00"), "scan2", "firmware 3.1 installed"),
            ],
            isQuiet: [
                device(at("10:00:00"), "scan1", "firmware 2.0 installed"),
                device(at("10:20:00"), "scan2", "firmware 2.0 installed"),
            ]
        ),
        Trial(
            rule: "payload_spreads",
            fires: [
                flow(at("10:00:00"), "10.8.1.1", "10.8.1.2", 445, bytes: 51_200),
                flow(at("10:20:00"), "10.8.1.2", "10.8.2.3", 445, bytes: 51_200),
            ],
            isQuiet: [
                flow(at("10:00:00"), "10.8.1.1", "10.8.1.2", 445, bytes: 51_200),
                flow(at("10:20:00"), "10.8.1.2", "10.8.2.3", 445, bytes: 61_200),
            ]
        ),
        Trial(
            rule: "beacon",
            fires: (0...2).map { flow(at("10:\($0 * 10 + 10):00"), "10.8.1.1", "203.0.113.9", 443) },
            isQuiet: [10, 20, 33].map { flow(at("10:\($0):00"), "10.8.1.1", "203.0.113.9", 443) }
        ),
        Trial(
            rule: "beacon_cycling",
            fires: (0...2).map { flow(at("10:\($0 * 10 + 10):00"), "10.8.1.1", "203.0.113.\($0 + 9)", 443) },
            isQuiet: (0...1).map { flow(at("10:\($0 * 10 + 10):00"), "10.8.1.1", "203.0.113.\($0 + 9)", 443) }
        ),
        Trial(
            rule: "unhandled_malware",
            fires: [malware(at("10:00:00"), "desk9", "o.lind", "monitor", "detected")],
            isQuiet: [malware(at("10:00:00"), "desk9", "o.lind", "protect", "quarantined")]
        ),
        Trial(
            rule: "unhandled_malware_then_alert_user",
            fires: [
                malware(at("10:00:00"), "desk9", "o.lind", "monitor", "detected"),
                device(day(6, "10:00:00"), "scan1", "audit recording disabled by o.lind"),
            ],
            isQuiet: [
                malware(at("10:00:00"), "desk9", "o.lind", "monitor", "detected"),
                device(day(6, "10:00:00"), "scan1", "audit recording disabled by m.ek"),
            ]
        ),
        Trial(
            rule: "unhandled_malware_then_alert_asset",
            fires: [
                malware(at("10:00:00"), "scan1", "o.lind", "monitor", "detected"),
                device(day(6, "10:00:00"), "scan1", "audit recording disabled by m.ek"),
            ],
            isQuiet: [
                malware(at("10:00:00"), "scan2", "o.lind", "monitor", "detected"),
                device(day(6, "10:00:00"), "scan1", "audit recording disabled by m.ek"),
            ]
        ),
        Trial(
            rule: "unhandled_malware_then_alert_address",
            fires: [
                "<30>Sep  1 09:00:00 dhcp1 dhcpd[8]: DHCPACK on 10.9.0.31 to 02:00:00:00:09:31 (desk9)",
                malware(at("10:00:00"), "desk9", "o.lind", "monitor", "detected"),
                device(day(6, "10:00:00"), "scan1", "audit recording disabled by m.ek from 10.9.0.31"),
            ],
            isQuiet: [
                malware(at("10:00:00"), "desk9", "o.lind", "monitor", "detected"),
                device(day(6, "10:00:00"), "scan1", "audit recording disabled by m.ek from 10.9.0.31"),
            ]
        ),
        Trial(
            rule: "unsigned_or_mismatch",
            fires: [device(day(2, "10:00:00"), "scan1", "firmware 2.0 installed, unsigned")],
            isQuiet: [device(day(2, "10:00:00"), "scan1", "firmware 2.0 installed signature=ok")]
        ),
        Trial(
            rule: "many_failed_logons",
            fires: (0...4).map { logon(at("10:00:0\($0)"), 4625, "srv1", "o.lind", "10.9.0.4") },
            isQuiet: (0...3).map { logon(at("10:00:0\($0)"), 4625, "srv1", "o.lind", "10.9.0.4") }
        ),
        Trial(
            rule: "guessed_password",
            fires: (0...4).map { logon(at("10:00:0\($0)"), 4625, "srv1", "o.lind", "10.9.0.4") } + [
                logon(at("10:00:30"), 4624, "srv1", "o.lind", "10.9.0.4")
            ],
            isQuiet: (0...4).map { logon(at("10:00:0\($0)"), 4625, "srv1", "o.lind", "10.9.0.4") } + [
                logon(at("10:00:30"), 4624, "srv1", "o.lind", "10.9.0.5")
            ]
        ),
        Trial(
            rule: "break_glass_unpaired",
            fires: [glass(at("10:00:00"), "start"), glass(at("11:30:00"), "end")],
            isQuiet: [glass(at("10:00:00"), "start"), glass(at("10:30:00"), "end")]
        ),
        Trial(
            rule: "accepted_update_in_open_session",
            fires: [
                device(at("01:00:00"), "scan1", "service mode entered by n.ward"),
                device(at("01:10:00"), "scan1", "firmware 2.0 installed signature=ok"),
                device(at("13:30:00"), "scan1", "audit recording resumed by n.ward"),
            ],
            isQuiet: [
                device(at("01:00:00"), "scan1", "service mode entered by n.ward"),
                device(at("01:10:00"), "scan1", "firmware 2.0 installed signature=ok"),
                device(at("01:30:00"), "scan1", "service mode left by n.ward"),
                device(at("13:30:00"), "scan1", "audit recording resumed by n.ward"),
            ]
        ),
        Trial(
            rule: "rights_changed_on_device",
            fires: [logon(at("10:00:00"), 4720, "scan1", "n.ward", "10.9.0.4")],
            isQuiet: [logon(day(2, "10:00:00"), 4720, "scan1", "n.ward", "10.9.0.4")]
        ),
        Trial(
            rule: "backup_deleted",
            fires: [logon(at("10:00:00"), 524, "srv1", "n.ward", "10.9.0.4")],
            isQuiet: [logon(at("10:00:00"), 524, "desk9", "n.ward", "10.9.0.4")]
        ),
    ]

    private static func export(_ time: String, _ study: String) -> String { dicom(time, "110106", study) }
    private static func deletion(_ time: String) -> String { dicom(time, "110105", "1.1") }
    private static func dicom(_ time: String, _ code: String, _ study: String) -> String {
        "<85>1 \(time) srv1 SRV1 1 - - <AuditMessage><EventIdentification EventActionCode=\"R\" "
            + "EventDateTime=\"\(time)\" "
            + "EventOutcomeIndicator=\"0\"><EventID csd-code=\"\(code)\"/></EventIdentification>"
            + "<ActiveParticipant UserID=\"n.ward\" "
            + "UserIsRequestor=\"true\"/><AuditSourceIdentification AuditSourceID=\"SRV-1\"/>"
            + "<ParticipantObjectIdentification "
            + "ParticipantObjectID=\"\(study)\" ParticipantObjectTypeCode=\"2\" "
            + "ParticipantObjectTypeCodeRole=\"3\"/></AuditMessage>"
    }
    private static func malware(
        _ time: String,
        _ host: String,
        _ user: String,
        _ mode: String,
        _ action: String
    ) -> String {
        #"{"ts":"\#(time)","source":"av","host":"\#(host)","user":"\#(user)","threat":"T7","#
            + #""action":"\#(action)","mode":"\#(mode)"}"#
    }
    private static func glass(_ time: String, _ end: String) -> String {
        #"{"ts":"\#(time)","source":"emr","device":"SRV-1","event":"break-glass-\#(end)","user":"dr.lind"}"#
    }

    @Test(arguments: trials) func `a rule fires on its events and not one step away`(trial: Trial) {
        #expect(alerts(trial.fires).contains(trial.rule))
        #expect(alerts(trial.fires, shuffledBy: 1).contains(trial.rule), "the order of arrival decided")
        #expect(!alerts(trial.isQuiet).contains(trial.rule))
    }

    @Test func `the pack compiles whole and every rule that alerts has a trial`() {
        #expect(Self.pack.errors.map(\.description) == [])
        let alerting = Set(Self.pack.rules.headers.filter { !$0.isBase }.map(\.reference))
        #expect(alerting.subtracting(Self.trials.map(\.rule)).sorted() == [])
        #expect(Self.trials.count >= 30)
    }
}
