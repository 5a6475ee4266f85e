// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// A connection as any firewall or sensor tells it.
private struct Connection {
    var time: UTCTime
    var text: String
    var source: String
    var sourcePort: Int64
    var target: String
    var targetPort: Int64
    var transport: String
    var isRefused: Bool
    var sent: Int64
    var answered: Int64

    /// The connection of a Zeek line; nil for any other line.
    init?(_ line: String) {
        guard line.hasPrefix("{\"_path\":\"conn\""), let object = try? JSONValue(parsing: line),
            let text = object["ts"]?.text, let time = UTCTime(rfc3339: text),
            let source = object["id.orig_h"]?.text, let target = object["id.resp_h"]?.text
        else { return nil }
        self.time = time
        self.text = text
        self.source = source
        self.target = target
        sourcePort = object["id.orig_p"]?.integer ?? 0
        targetPort = object["id.resp_p"]?.integer ?? 0
        transport = object["proto"]?.text ?? "tcp"
        isRefused = ["REJ", "S0"].contains(object["conn_state"]?.text ?? "")
        sent = object["orig_bytes"]?.integer ?? 0
        answered = object["resp_bytes"]?.integer ?? 0
    }

    private var clock: CivilTime { CivilTime(time) }

    private func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    private var day: [String] { ["\(clock.year)", padded(clock.month), padded(clock.day)] }

    private var hour: String { [clock.hour, clock.minute, clock.second].map(padded).joined(separator: ":") }

    private var header: String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let day = clock.day < 10 ? " \(clock.day)" : "\(clock.day)"
        return "<134>\(months[clock.month - 1]) \(day) \(hour)"
    }

    private var number: Int { transport == "udp" ? 17 : transport == "icmp" ? 1 : 6 }

    var fortiGate: String {
        "<189>date=\(day.joined(separator: "-")) time=\(hour) devname=\"swap-fgt\" devid=\"FG100SWAP001\" "
            + "eventtime=\(time.nanoseconds) tz=\"+0000\" logid=\"0000000013\" type=\"traffic\" "
            + "subtype=\"forward\" level=\"notice\" srcip=\(source) srcport=\(sourcePort) dstip=\(target) "
            + "dstport=\(targetPort) proto=\(number) action=\"\(isRefused ? "deny" : "close")\" "
            + "policyid=3 sentbyte=\(sent) rcvdbyte=\(answered)"
    }

    var panOS: String {
        let stamp = day.joined(separator: "/") + " " + hour
        return "\(header) swap-pa 1,\(stamp),0164,TRAFFIC,\(isRefused ? "deny" : "end"),2561,\(stamp),"
            + "\(source),\(target),0.0.0.0,0.0.0.0,rule1,,,web,vsys1,za,zb,ae1,ae2,lp,\(stamp),8813,1,"
            + "\(sourcePort),\(targetPort),0,0,0x0,\(transport),\(isRefused ? "deny" : "allow"),\(sent),9"
    }

    var filterLog: String {
        "\(header) swap-pf filterlog[1]: 7,,,1000000102,vtnet0,match,"
            + "\(isRefused ? "block" : "pass"),in,4,0x0,,64,19008,0,DF,\(number),\(transport),60,"
            + "\(source),\(target),\(sourcePort),\(targetPort),0,S,,"
    }

    var eve: String {
        "{\"timestamp\":\"\(text)\",\"flow_id\":\(sourcePort),\"event_type\":\"flow\","
            + "\"src_ip\":\"\(source)\",\"src_port\":\(sourcePort),"
            + "\"dest_ip\":\"\(target)\",\"dest_port\":\(targetPort),"
            + "\"proto\":\"\(transport.uppercased())\",\"flow\":{\"bytes_toserver\":\(sent),"
            + "\"bytes_toclient\":\(answered),\"state\":\"\(isRefused ? "new" : "closed")\"}}"
    }

    var asa: String {
        let ends = "\(source)/\(sourcePort) (\(source)/\(sourcePort)) to b:\(target)/\(targetPort)"
        return isRefused
            ? "\(header) swap-asa %ASA-4-106023: Deny \(transport) src a:\(source)/\(sourcePort) "
                + "dst b:\(target)/\(targetPort) by access-group \"x\" [0x0, 0x0]"
            : "\(header) swap-asa %ASA-6-302013: Built inbound \(transport.uppercased()) connection "
                + "\(sourcePort) for a:\(ends) (\(target)/\(targetPort))"
    }
}

/// A verdict follows from what happened, not from the maker of the firewall that saw it.
@Suite(.enabled(if: BuiltCommand.path != nil, "the command was not built beside the tests"))
struct WitnessFormatTests {
    private static let formats: [String: @Sendable (String) -> String] = [
        "fortigate": { Connection($0)?.fortiGate ?? $0 }, "panos": { Connection($0)?.panOS ?? $0 },
        "filterlog": { Connection($0)?.filterLog ?? $0 }, "eve": { Connection($0)?.eve ?? $0 },
        "asa": { Connection($0)?.asa ?? $0 },
        // The planted mutant: nobody saw the connections.
        "none": { Connection($0) == nil ? $0 : "" },
    ]

    /// Stories with their connections in another format, judged; the lines that are not `ok`.
    private func faults(_ format: String, _ stories: [String]) throws -> [String] {
        let change = try #require(Self.formats[format])
        let folder = FileManager.default.temporaryDirectory.path + "/wardline-swap-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var changed = 0
        for story in stories {
            let copy = folder + "/" + story
            try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
            for part in ["site", "expected.json"] {
                try FileManager.default.copyItem(atPath: "replay/\(story)/\(part)", toPath: copy + "/" + part)
            }
            let text = try String(contentsOfFile: "replay/\(story)/input.log", encoding: .utf8)
            let lines = text.components(separatedBy: "\n")
            let other = lines.map(change)
            changed += zip(lines, other).count { $0 != $1 }
            try other.joined(separator: "\n").write(
                toFile: copy + "/input.log",
                atomically: true,
                encoding: .utf8
            )
        }
        #expect(changed > 0)
        let result = try BuiltCommand.run(["replay", "check", folder])
        return result.lines.filter { !$0.hasSuffix(": ok") }
    }

    @Test(arguments: ["fortigate", "panos", "filterlog", "eve", "asa"])
    func `another firewall gives the same verdict`(format: String) throws {
        var stories = [
            "archive-migration", "bedside-service", "forgotten-password", "long-dwell", "monitor-beacon",
            "noisy-sensor", "pump-library", "scanner-window", "vendor-session",
        ]
        // Equal payloads show only to who counts bytes, which these two do not when a connection opens.
        if !["filterlog", "asa"].contains(format) { stories.append("ultrasound-worm") }
        let found = try faults(format, stories)
        #expect(found == [], "\(found.joined(separator: "; "))")
    }

    @Test func `without any witness a worm is not told as expected`() throws {
        #expect(try !faults("none", ["ultrasound-worm"]).isEmpty)
    }
}
