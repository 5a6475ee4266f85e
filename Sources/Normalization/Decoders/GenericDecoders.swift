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
            "user username userName user_name usrName suser srcuser src_user acct account accountName "
                + "account_name login loginName login_name loginid logonName userid userId user_id uid.name "
                + "user.name user.username user.email user.id actor actor.name actor.email actor.username "
                + "actor.alternateId actor.user principal subject subject.name operator admin adminuser "
                + "admin_user administrator identity email mail upn userPrincipalName TargetUserName "
                + "SubjectUserName User UserName Username UserId UserID Account AccountName _user _username "
                + "_user_name _login _account client_user clientuser remote_user remoteUser"
        ),
        (
            "user.target",
            "target_user targetUser targetUserName target_user_name targetusername duser dstuser dst_user "
                + "target.user target.name target.username affected_user affectedUser new_user newUser "
                + "member memberName to_user MemberName _target_user"
        ),
        (
            "src.ip",
            "src srcip src_ip src.ip srcIp srcIP src_addr srcaddr srcAddr source_ip sourceIp sourceIP "
                + "source_address sourceAddress source.ip source.address sourceip client client_ip clientip "
                + "clientIp clientIP client.ip client.address client.ipAddress client_address clientAddress "
                + "remote remote_ip remoteip remoteIp remoteIP remote_addr remoteaddr remoteAddr "
                + "remote_address remoteAddress remote.ip rhost rip peer peer_ip peerip peer_addr "
                + "ip ip_address ipaddress ipAddress ipaddr ip_addr IpAddress IPAddress ClientIP ClientIp "
                + "SourceIP SourceIp SourceAddress RemoteIP RemoteAddress callerIpAddress SRC src_host_ip "
                + "origin_ip originip attacker attacker_ip x_forwarded_for xff id.orig_h addr host_ip "
                + "_src_ip _source_ip _client_ip _remote_ip _remote_addr _ip"
        ),
        (
            "src.port",
            "srcport src_port src.port srcPort spt sport source_port sourcePort source.port sourceport "
                + "client_port clientPort client.port remote_port remotePort rport SourcePort IpPort SPT "
                + "id.orig_p _src_port _source_port"
        ),
        (
            "dst.ip",
            "dst dstip dst_ip dst.ip dstIp dstIP dst_addr dstaddr dest dest_ip destip destIp dest_addr "
                + "destination destination_ip destinationIp destinationIP destination_address "
                + "destinationAddress destination.ip destination.address destinationip server_ip serverip "
                + "serverIp server.ip server_addr target_ip targetip targetIp target.ip victim "
                + "DestinationIP DestinationIp DestAddress DST local_ip localip laddr lip id.resp_h "
                + "_dst_ip _dest_ip"
        ),
        (
            "dst.port",
            "dstport dst_port dst.port dstPort dpt dport dest_port destPort destport destination_port "
                + "destinationPort destination.port destinationport server_port serverPort target_port "
                + "targetPort DestPort DestinationPort DPT id.resp_p _dst_port _dest_port"
        ),
        (
            "src.mac",
            "mac srcmac src_mac smac source_mac sourceMac source.mac client_mac clientMac macAddress "
                + "mac_address macaddr hwaddr MacAddress MAC Calling-Station-Id Calling-Station-ID _mac"
        ),
        ("dst.mac", "dstmac dst_mac dmac dest_mac destination_mac destination.mac"),
        (
            "src.host",
            "src_host srchost srcname shost source_host sourceHost source.domain workstation "
                + "WorkstationName client_host clientHost client_name clientName client.domain remote_host"
        ),
        (
            "dst.host",
            "dst_host dsthost dstname dhost dest_host destHost destination_host destinationHost "
                + "destination.domain target_host targetHost server_name"
        ),
        (
            "host.name",
            "host hostname hostName host.name host.hostname computer computer_name computerName device "
                + "device_name deviceName dvchost devname node nodename server machine machineName observer "
                + "observer.name agent.hostname Computer ComputerName Hostname HostName MachineName"
        ),
        ("network.transport", "proto protocol transport network.transport ip_proto l4proto PROTO Protocol"),
        ("network.protocol", "app_proto appproto service network.protocol application_protocol"),
        ("network.bytes", "bytes network.bytes total_bytes"),
        (
            "session.id",
            "session session_id sessionId sessionid session.id sid ses conn_id connection_id flow_id "
                + "SessionId"
        ),
        (
            "auth.method",
            "auth_method authMethod authmethod auth.method authentication_method authenticationMethod "
                + "auth_type authtype factor method AuthenticationPackageName"
        ),
        (
            "vendor.code",
            "event_id eventId eventid EventID logid log_id code event.code msgid message_id messageId "
                + "signature_id sig_id"
        ),
        ("policy.name", "policy policy_name policyname policyid rule rule_name ruleName rule.name acl"),
        (
            "software.name",
            "package package_name packageName package.name software software_name product app application"
        ),
        ("software.from", "old_version oldVersion previous_version from_version"),
        ("software.to", "new_version newVersion version to_version package.version software_version"),
        ("message", "msg message short_message full_message text description displayMessage log"),
        (
            "ext.reason",
            "reason error error_message errorMessage failure_reason failureReason cause error.message"
        ),
        ("ext.device.id", "device_id deviceId device.id serial serial_number serialNumber asset_id assetId"),
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
        ("unsuccess*", "failure"), ("*not success*", "failure"), ("*fail*", "failure"),
        ("*denied*", "failure"), ("deny", "failure"), ("*reject*", "failure"),
        ("*refused*", "failure"), ("*invalid*", "failure"), ("*error*", "failure"), ("block*", "failure"),
        ("drop*", "failure"), ("*success*", "success"), ("ok", "success"), ("*accepted*", "success"),
        ("accept", "success"), ("allow*", "success"), ("pass*", "success"), ("true", "success"),
        ("false", "failure"), ("yes", "success"), ("no", "failure"), ("0", "success"), ("permit*", "success"),
        ("grant*", "success"), ("complete*", "success"), ("unauth*", "failure"),
        ("deny*", "failure"), ("blocked", "failure"), ("timeout", "failure"), ("abort*", "failure"),
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
                "action", "event", "event_type", "eventType", "event_name", "eventName", "event.action",
                "event.type", "type", "operation", "operationName", "act", "activity", "activityType",
                "method",
                "verb", "op", "_action", "_event", "msg", "message", "short_message",
            ],
            outcomes: [
                "outcome", "result", "status", "state", "event.outcome", "outcome.result", "success",
                "succeeded",
                "res", "verdict", "disposition", "resultType", "response", "_outcome", "_result", "_status",
                "action", "act", "event", "eventType", "event_type", "msg", "message", "short_message",
            ]
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
