// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Last resorts for bodies that no decoder takes: well-known key names and phrases, by which a user or an
/// address is still found.
///
/// Their events stay unclassified and carry `undecoded`.
enum GenericDecoders {
    static let json = definition("generic.json", .json)
    static let pairs = definition("generic.kv", .kv)
    static let text = textDefinition()
    static let all = [json, pairs, text]

    private static let keys: [(target: String, sources: String)] = [
        (
            "user.name",
            "user username userName user_name usrName suser acct account login user.name actor uid.name "
                + "TargetUserName"
        ),
        ("user.target", "target_user targetUser duser target.user"),
        (
            "src.ip",
            "src srcip src_ip sourceIp source_ip source.ip client clientip client_ip clientIp remote_addr "
                + "rhost ip ipAddress IpAddress SRC id.orig_h remote.ip addr"
        ),
        ("src.port", "srcport src_port spt sourcePort source.port SPT sport id.orig_p"),
        (
            "dst.ip",
            "dst dstip dst_ip dest_ip destinationIp destination_ip destination.ip server_ip DST id.resp_h"
        ),
        ("dst.port", "dstport dst_port dpt dest_port destinationPort destination.port DPT dport id.resp_p"),
        ("src.mac", "mac srcmac src_mac smac client_mac"),
        ("host.name", "host hostname host.name computer device dvchost devname Computer Hostname"),
        ("network.transport", "proto protocol transport PROTO"),
        ("session.id", "session session_id sessionId"),
        ("vendor.code", "event_id eventId EventID logid code event.code signature_id"),
        ("message", "msg message short_message text"),
        ("ext.reason", "reason error"),
        ("ext.device.id", "device_id deviceId serial"),
        ("ext.patient.token", "mrn patient_id patientId patient PatientID patient.id"),
    ]

    /// The field that a well-known key names; nil for others.
    static func target(of key: String) -> String? { targets[key] }

    private static let targets: [String: String] = Dictionary(
        keys.flatMap { key in key.sources.split(separator: " ").map { (String($0), key.target) } },
        uniquingKeysWith: { first, _ in first }
    )

    private static let words: [(match: String, action: String)] = [
        ("*logout*", "logout"), ("*logoff*", "logout"), ("*signed out*", "logout"), ("*log out*", "logout"),
        ("*login*", "login"), ("*logon*", "login"), ("*logged in*", "login"), ("*sign-in*", "login"),
        ("*signed in*", "login"), ("*authent*", "authenticate"), ("deny", "deny"), ("denied", "deny"),
        ("block*", "deny"),
        ("drop*", "deny"), ("accept", "connect"), ("allow*", "connect"), ("connect*", "connect"),
        ("*install*", "install"), ("*upgrade*", "update"), ("*update*", "update"), ("*reboot*", "restart"),
        ("*restart*", "restart"),
    ]

    private static let endings: [(match: String, outcome: String)] = [
        ("*fail*", "failure"), ("*denied*", "failure"), ("deny", "failure"), ("*reject*", "failure"),
        ("*refused*", "failure"), ("*invalid*", "failure"), ("*error*", "failure"), ("block*", "failure"),
        ("drop*", "failure"), ("*success*", "success"), ("ok", "success"), ("*accepted*", "success"),
        ("accept", "success"), ("allow*", "success"), ("pass*", "success"), ("true", "success"),
        ("false", "failure"),
    ]

    private static func definition(_ id: String, _ format: BodyFormat) -> DecoderDefinition {
        var definition = DecoderDefinition(id: PlacedText(id))
        definition.format = format
        definition.select.isFallback = true
        definition.fields = keys.map { key in
            FieldAssignment(
                target: PlacedText(key.target),
                values: key.sources.split(separator: " ").map { PlacedText(String($0)) }
            )
        }
        definition.rules = [RuleDefinition(id: PlacedText("any"))]
        definition.maps = maps(
            actions: [
                "action", "event", "event_type", "eventType", "type", "operation", "act", "event.action",
            ],
            outcomes: ["outcome", "result", "status", "event.outcome", "success", "action"]
        )
        return definition
    }

    private static func textDefinition() -> DecoderDefinition {
        var definition = DecoderDefinition(id: PlacedText("generic.text"))
        definition.select.isFallback = true
        var rule = RuleDefinition(id: PlacedText("any"))
        let markers: [(String, [String])] = [
            ("src.ip", ["from {ip}", "client {ip}", "src={ip}", "source {ip}", "peer {ip}", "host {ip}"]),
            (
                "user.name",
                [
                    "for user {word}", "user={word}", "user: {word}", "user '{word}'", "user {word}",
                    "by {word}",
                ]
            ),
        ]
        rule.find = markers.map { marker in
            FieldAssignment(target: PlacedText(marker.0), values: marker.1.map { PlacedText($0) })
        }
        definition.rules = [rule]
        definition.maps = maps(actions: ["$body"], outcomes: ["$body"])
        return definition
    }

    private static func maps(actions: [String], outcomes: [String]) -> [ValueMapDefinition] {
        [
            ValueMapDefinition(
                target: PlacedText("action"),
                sources: actions.map { PlacedText($0) },
                entries: words.map { (PlacedText($0.match), PlacedText($0.action)) }
            ),
            ValueMapDefinition(
                target: PlacedText("outcome"),
                sources: outcomes.map { PlacedText($0) },
                entries: endings.map { (PlacedText($0.match), PlacedText($0.outcome)) }
            ),
        ]
    }
}

/// Key names that many products share.
public enum WellKnownKeys {
    /// The field that a key names, such as `user.name` for `username`; nil for others.
    public static func field(of key: String) -> String? { GenericDecoders.target(of: key) }
}
