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
    /// Who and where, by well-known keys, for lines that a decoder for free wording takes.
    static let parties = partiesDefinition()
    static let all = [json, pairs, text, parties]

    private static let keys: [(target: String, sources: String)] = [
        (
            "user.name",
            "user username userName user_name usrName suser srcuser src_user acct account accountName "
                + "account_name login loginName login_name loginid logonName userid userId user_id uid.name "
                + "user.name user.username user.email user.id actor actor.name actor.email actor.username "
                + "actor.alternateId actor.user principal subject.name operator admin adminuser "
                + "admin_user administrator identity email mail upn userPrincipalName TargetUserName "
                + "SubjectUserName User UserName Username UserId UserID Account AccountName _user _username "
                + "_user_name _login _account client_user clientuser remote_user remoteUser user.loginName "
                + "user.login user.userName user.userPrincipalName user.uid user.upn user.account "
                + "actor.user.name actor.user.email_addr actor.user.uid actor.user.email actor.user.id "
                + "actor.user.username actor.userName actor.login actor.user_name actor.display_name "
                + "actor.displayName actor.principal source.user.name source.user source.username "
                + "client.user.name client.user initiator initiatedBy initiatedBy.user.userPrincipalName "
                + "initiatedBy.user.displayName initiator.name performed_by performedBy created_by "
                + "createdBy modified_by requester requestor requested_by caller caller.user "
                + "userIdentity.userName userIdentity.arn userIdentity.principalId user_identity.username "
                + "protoPayload.authenticationInfo.principalEmail auth.user auth_user authUser "
                + "authenticated_user auth.username request.user request.username session.user "
                + "session.username user_email userEmail user_login userLogin login_user loginUser "
                + "logged_in_user os_user db_user sys_user sysuser uname ruser suserid srcUser sourceUser "
                + "source_user sourceuser SourceUserName sourceUserName SourceUser InitiatingUser cuser "
                + "cs-username csUserName X-User x_user sAMAccountName samaccountname AccountUpn UPN "
                + "UserEmail UserLogin LoginName UserLoginName PrincipalName employee employee_id emp_id "
                + "badge_user staff nurse clinician practitioner usr usr.name usr.id usr_name _actor "
                + "_user_id "
                + "_principal"
        ),
        (
            "user.target",
            "target_user targetUser targetUserName target_user_name targetusername duser dstuser "
                + "dst_user target.user target.name target.username affected_user affectedUser new_user "
                + "newUser member memberName to_user MemberName _target_user target_username targetUsername "
                + "target_account targetAccount destination.user.name destination.user destUser "
                + "destinationUser destination_user destinationUserName TargetUser DestinationUserName "
                + "user.target.name user.changes.name targetResources.userPrincipalName affected_account "
                + "affected.user subject_user modified_user deleted_user created_user account.affected "
                + "targets.name object_user objectUser dstUser duid"
        ),
        (
            "src.ip",
            "src srcip src_ip src.ip srcIp srcIP src_addr srcaddr srcAddr source_ip sourceIp sourceIP "
                + "source_address sourceAddress source.ip source.address sourceip client client_ip clientip "
                + "clientIp clientIP client.ip client.address client.ipAddress client_address clientAddress "
                + "remote remote_ip remoteip remoteIp remoteIP remote_addr remoteaddr remoteAddr "
                + "remote_address remoteAddress remote.ip rhost rip peer peer_ip peerip peer_addr ip "
                + "ip_address ipaddress ipAddress ipaddr ip_addr IpAddress IPAddress ClientIP ClientIp "
                + "SourceIP SourceIp SourceAddress RemoteIP RemoteAddress callerIpAddress SRC src_host_ip "
                + "origin_ip originip attacker attacker_ip x_forwarded_for xff id.orig_h addr host_ip "
                + "_src_ip _source_ip _client_ip _remote_ip _remote_addr _ip src_endpoint.ip "
                + "src_endpoint.ip_address source.ipAddress source.ip_address client.ip_address "
                + "client.remote_ip client.addr actor.ip actor.ipAddress actor.ip_address actor.client_ip "
                + "device.ip_address device.clientIp device.ip access_device.ip sourceIPAddress "
                + "sourceIpAddress SourceIpAddress protoPayload.requestMetadata.callerIp callerIp caller_ip "
                + "caller.ip requestMetadata.callerIp request.ip request.ip_address request.client_ip "
                + "request.remote_addr request.remote_ip request_ip requestIp req.remoteAddress req.ip "
                + "httpRequest.clientIp httpRequest.remoteIp http.client_ip context.ip_address context.ip "
                + "security_context.client_ip user.ip user.ip_address user_ip userIp userIP user_ip_address "
                + "login_ip loginIp loginIP logon_ip access_ip public_ip publicIp external_ip externalIp "
                + "remote_endpoint endpoint_ip endpointIp workstation_ip host_ip_address from_ip fromIp "
                + "fromIP from_address sender_ip senderIp ip_src ipSrc ip_source ipv4_src ipsrc IPSrc SrcIP "
                + "SrcIp SrcAddr SrcIpAddr src_address srcAddress sip s_ip saddr source-address c-ip cip "
                + "c_ip clientAddr client_addr clientaddr nas_ip orig_ip origIp attackerAddress attackerIp "
                + "AttackerIP IPAddr IpAddr Ip IP ClientAddress ClientIPAddress ClientIpAddress "
                + "CallerIpAddress Client_Address RemoteIp RemoteIPAddress remoteIpAddress remote_host_ip "
                + "RemoteHost rhostip initiator_ip initiatorIp initiator.ip network.client.ip "
                + "http_x_forwarded_for x-forwarded-for X-Forwarded-For x_real_ip real_ip realip "
                + "properties.ipAddress _client_addr _client_address _source _src _remote _ip_address "
                + "_remote_address _clientip"
        ),
        (
            "src.port",
            "srcport src_port src.port srcPort spt sport source_port sourcePort source.port "
                + "sourceport client_port clientPort client.port remote_port remotePort rport SourcePort "
                + "IpPort SPT id.orig_p _src_port _source_port src_endpoint.port client.remote_port "
                + "remote.port sourceIPPort SrcPort SrcPortNumber source-port c-port from_port peer_port "
                + "attacker_port _client_port _remote_port"
        ),
        (
            "dst.ip",
            "dst dstip dst_ip dst.ip dstIp dstIP dst_addr dstaddr dest dest_ip destip destIp "
                + "dest_addr destination destination_ip destinationIp destinationIP destination_address "
                + "destinationAddress destination.ip destination.address destinationip server_ip serverip "
                + "serverIp server.ip server_addr target_ip targetip targetIp target.ip victim "
                + "DestinationIP DestinationIp DestAddress DST local_ip localip laddr lip id.resp_h _dst_ip "
                + "_dest_ip dst_endpoint.ip dst_endpoint.ip_address destination.ipAddress "
                + "destination.ip_address dest.ip dest.ipAddress destinationIPAddress destinationIpAddress "
                + "DestinationIpAddress DestinationAddress DestIP DestIp DstIP DstIp DstIpAddr dst_address "
                + "dstAddress dip d_ip daddr destination-address s-ip server.address server.ip_address "
                + "serverIP serverAddress ServerIP ServerIp target_ip_address targetAddress target_address "
                + "to_ip toIp ip_dst ipDst ip_destination ipv4_dst ipdst IPDst resp_ip victim_ip victimIp "
                + "VictimIP responder_ip responder.ip local.ip local_addr localAddr localAddress LocalIP "
                + "LocalAddress requestMetadata.destinationAttributes.ip _server_ip _destination_ip "
                + "_destination _dst"
        ),
        (
            "dst.port",
            "dstport dst_port dst.port dstPort dpt dport dest_port destPort destport destination_port "
                + "destinationPort destination.port destinationport server_port serverPort target_port "
                + "targetPort DestPort DestinationPort DPT id.resp_p _dst_port _dest_port dst_endpoint.port "
                + "dest.port destination.service_port server.port DstPort DstPortNumber destination-port "
                + "s-port to_port local_port localPort LocalPort service_port _server_port "
                + "_destination_port"
        ),
        (
            "src.mac",
            "mac srcmac src_mac smac source_mac sourceMac source.mac client_mac clientMac macAddress "
                + "mac_address macaddr hwaddr MacAddress MAC Calling-Station-Id Calling-Station-ID _mac "
                + "src_endpoint.mac client.mac src_mac_address srcMac SrcMac SrcMacAddr sourceMacAddress "
                + "source_mac_address macAddr macaddress hw_addr hwAddress hardware_address station_mac "
                + "stationMac sta client.macAddress device.mac device.mac_address device_mac endpoint_mac "
                + "endpointMac CallingStationId calling_station_id callingStationId _client_mac _src_mac"
        ),
        (
            "dst.mac",
            "dstmac dst_mac dmac dest_mac destination_mac destination.mac dst_endpoint.mac "
                + "dst_mac_address dstMac DstMacAddr destinationMacAddress destination_mac_address destMac"
        ),
        (
            "src.host",
            "src_host srchost srcname shost source_host sourceHost source.domain workstation "
                + "WorkstationName client_host clientHost client_name clientName client.domain remote_host "
                + "src_endpoint.hostname src_endpoint.name src_endpoint.domain source.hostname source.host "
                + "client.hostname client.host sourceHostName sourceHostname source_hostname src_hostname "
                + "SrcHostname SourceHostName ClientName ClientHostname client_hostname clientHostname "
                + "workstationName workstation_name Workstation remote_hostname remoteHost remoteHostname "
                + "remote.host rhostname access_device.hostname"
        ),
        (
            "dst.host",
            "dst_host dsthost dstname dhost dest_host destHost destination_host destinationHost "
                + "destination.domain target_host targetHost server_name dst_endpoint.hostname "
                + "dst_endpoint.name dst_endpoint.domain destination.hostname destination.host dest.host "
                + "destinationHostName destinationHostname destination_hostname dst_hostname DstHostname "
                + "DestinationHostName destination.fqdn server.domain server.hostname server_host "
                + "serverName ServerName url.domain target.hostname"
        ),
        (
            "host.name",
            "host hostname hostName host.name host.hostname computer computer_name computerName "
                + "device device_name deviceName dvchost devname node nodename server machine machineName "
                + "observer observer.name agent.hostname Computer ComputerName Hostname HostName "
                + "MachineName hostIdentifier observer.hostname device.hostname device.name "
                + "device.host.name agent.name beat.hostname winlog.computer_name metadata.product.hostname "
                + "system.hostname sysname sys_name server.name serverHost dvc dvc.name reporting_host "
                + "reportingDevice deviceHostName DeviceName appliance appliance_name sensor sensor_name "
                + "sensorName gateway nodeName log_source logsource devhost ComputerHostname"
        ),
        (
            "network.transport",
            "proto protocol transport network.transport ip_proto l4proto PROTO Protocol "
                + "connection_info.protocol_name transport_protocol transportProtocol TransportProtocol "
                + "ip_protocol ipProtocol IpProtocol l4_proto l4.proto network.iana_number proto_name "
                + "protocol_name NetworkProtocol"
        ),
        (
            "network.protocol",
            "app_proto appproto service network.protocol application_protocol app_protocol "
                + "appProtocol ApplicationProtocol network.application app.protocol l7proto l7_protocol "
                + "service_name network_service protocolName layer7_protocol"
        ),
        (
            "network.bytes",
            "bytes network.bytes total_bytes source.bytes traffic.bytes traffic.bytes_out bytes_sent "
                + "bytesSent sent_bytes sentbyte bytes_out bytesOut BytesSent orig_bytes totalBytes "
                + "TotalBytes"
        ),
        (
            "session.id",
            "session session_id sessionId sessionid session.id sid ses conn_id connection_id flow_id "
                + "SessionId session.uid actor.session.uid authenticationContext.externalSessionId "
                + "authenticationContext.rootSessionId sessionID SessionID session_key sessionKey "
                + "connection_uid conn.id connectionId logonId LogonId TargetLogonId sess sess_id "
                + "network.session_id flowId _session _session_id"
        ),
        (
            "auth.method",
            "auth_method authMethod authmethod auth.method authentication_method authenticationMethod "
                + "auth_type authtype factor method AuthenticationPackageName auth_protocol "
                + "auth_factors.factor_type authentication.method authentication_protocol authProtocol "
                + "auth_mechanism authMechanism sasl_method mfa_method mfaMethod login_method loginMethod "
                + "login_type loginType logon_type_name authenticationProtocol credential_type factor_type "
                + "authn_method authMethodName grant_type"
        ),
        (
            "vendor.code",
            "event_id eventId eventid EventID logid log_id code event.code msgid message_id messageId "
                + "signature_id sig_id event.id.code metadata.event_code event_code eventCode EventCode "
                + "eventcode winlog.event_id signatureId ruleId rule_id rule.id alert_code alarm_code "
                + "alarmCode message_code messageCode msg_code msgCode log.code MessageID MessageId "
                + "activity_code LogId"
        ),
        (
            "policy.name",
            "policy policy_name policyname policyid rule rule_name ruleName rule.name acl policy.uid "
                + "policyName PolicyName policy_id policyId rule.uid firewall_rule firewall_rule.name "
                + "fw_rule access_rule accessRule RuleName acl_name access_list conditionalAccessPolicy "
                + "filter_name security_policy"
        ),
        (
            "software.name",
            "package package_name packageName package.name software software_name product app "
                + "application application.name app.name appName app_name applicationName ApplicationName "
                + "software.name softwareName SoftwareName product_name productName program programName "
                + "program_name package.software.name firmware_name"
        ),
        (
            "software.from",
            "old_version oldVersion previous_version from_version old.version from.version "
                + "prev_version previousVersion version_from"
        ),
        (
            "software.to",
            "new_version newVersion version to_version package.version software_version new.version "
                + "to.version app.version software.version softwareVersion SoftwareVersion target_version "
                + "targetVersion fixed_version available_version version_to firmware firmware_version "
                + "firmwareVersion"
        ),
        (
            "message",
            "msg message short_message full_message text description displayMessage log "
                + "event.original event.message log.message Message MESSAGE details detail summary title "
                + "event_description eventDescription eventMessage body note comment"
        ),
        (
            "ext.reason",
            "reason error error_message errorMessage failure_reason failureReason cause error.message "
                + "status_detail status_details status.detail status.description failure.reason "
                + "FailureReason fail_reason reject_reason rejectReason deny_reason denyReason "
                + "outcome.reason resultReason result_reason resultDescription ResultDescription "
                + "result.reason error_description errorDescription exception statusReason status.errorCode "
                + "reason_code reasonCode"
        ),
        (
            "ext.device.id",
            "device_id deviceId device.id serial serial_number serialNumber asset_id assetId "
                + "device.uid device.serial device.serial_number deviceSerial device_serial DeviceId "
                + "AssetId asset.id asset.serial hw_id hardware_id sensor_id sensorId agent.id SerialNumber "
                + "sn udi imei"
        ),
        ("ext.patient.token", "mrn patient_id patientId patient PatientID patient.id"),
    ]

    /// The field that a well-known key names; nil for others.
    static func target(of key: String) -> String? { targets[key] }

    private static let targets: [String: String] = Dictionary(
        keys.flatMap { key in key.sources.split(separator: " ").map { (String($0), key.target) } },
        uniquingKeysWith: { first, _ in first }
    )

    private static let words: [(match: String, action: String)] = [
        // What is not so, before what is.
        ("*no malware*", "status_report"), ("*no virus*", "status_report"), ("*no threat*", "status_report"),
        ("*no vulnerab*", "status_report"), ("*password change required*", "status_report"),
        ("*lockout*", "lockout"), ("*locked out*", "lockout"), ("*password change*", "password_change"),
        ("*password_change*", "password_change"), ("*changed password*", "password_change"),
        ("*passwordchange*", "password_change"), ("*user created*", "account_create"),
        ("*create_user*", "account_create"), ("*user_create*", "account_create"),
        ("*createuser*", "account_create"), ("*account created*", "account_create"),
        ("*user deleted*", "account_delete"), ("*delete_user*", "account_delete"),
        ("*user_delete*", "account_delete"), ("*deleteuser*", "account_delete"),
        ("*account deleted*", "account_delete"),
        ("*malware*", "malware_detect"), ("*ransomware*", "malware_detect"),
        ("*intrusion*", "intrusion_alert"),
        ("*vulnerab*", "vulnerability"), ("*session start*", "session_start"),
        ("*session_start*", "session_start"), ("*session opened*", "session_start"),
        ("*session end*", "session_stop"), ("*session_end*", "session_stop"),
        ("*session closed*", "session_stop"), ("*disconnect*", "close"), ("*heartbeat*", "heartbeat"),
        ("*config change*", "config_change"), ("*config_change*", "config_change"),
        ("*configuration change*", "config_change"), ("*configuration_change*", "config_change"),
        ("*logout*", "logout"), ("*logoff*", "logout"), ("*signed out*", "logout"), ("*log out*", "logout"),
        ("*sign_out*", "logout"), ("*signout*", "logout"), ("*logged out*", "logout"),
        ("*sign_in*", "login"), ("*signin*", "login"), ("*log_in*", "login"),
        ("*login*", "login"), ("*logon*", "login"), ("*logged in*", "login"), ("*sign-in*", "login"),
        ("*signed in*", "login"), ("*authent*", "authenticate"), ("deny", "deny"), ("denied", "deny"),
        ("block*", "deny"), ("reject*", "deny"), ("drop*", "deny"), ("accept", "connect"),
        ("allow*", "connect"), ("connect*", "connect"),
        ("*install*", "install"), ("*upgrade*", "update"), ("*update*", "update"), ("*reboot*", "restart"),
        ("*restart*", "restart"),
    ]

    private static let endings: [(match: String, outcome: String)] = [
        ("*unsuccess*", "failure"), ("*not success*", "failure"), ("*fail*", "failure"),
        ("*was not*", "failure"), ("*were not*", "failure"), ("*could not*", "failure"),
        ("*cannot*", "failure"), ("*not be*", "failure"), ("*unable to*", "failure"),
        ("*not allowed*", "failure"), ("*disallow*", "failure"), ("*not permitted*", "failure"),
        ("*not accepted*", "failure"), ("*unauthori*", "failure"),
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
                "Action", "Event", "EventName", "Operation", "OperationName", "Activity", "activity_name",
                "event_action", "eventAction", "event.name", "event.type.name", "subtype", "event_subtype",
                "eventSubtype", "logdesc", "command_name", "CommandName", "category", "class_name", "method",
                "verb", "op", "_action", "_event", "msg", "message", "short_message", "Message", "title",
                "summary", "description", "event_description", "displayMessage",
            ],
            outcomes: [
                "outcome", "result", "status", "state", "event.outcome", "outcome.result", "success",
                "succeeded",
                "res", "verdict", "disposition", "resultType", "response", "_outcome", "_result", "_status",
                "Outcome", "Result", "Status", "ResultType", "ResultStatus", "result_status", "resultStatus",
                "event_result", "eventResult", "event_outcome", "eventOutcome", "login_status", "loginStatus",
                "auth_result", "authResult", "status.code", "status.value", "disposition_name",
                "result.status", "outcome.value", "is_success", "isSuccess", "successful",
                "action", "act", "event", "eventType", "event_type", "event.action", "eventName",
                "event_name",
                "msg", "message", "short_message", "Message", "description", "displayMessage",
            ]
        )
        return definition
    }

    private static let partyFields: Set<String> = [
        "user.name", "user.target", "src.ip", "src.port", "src.mac", "dst.ip", "dst.port",
    ]

    private static func partiesDefinition() -> DecoderDefinition {
        var definition = definition("generic.parties", .kv)
        definition.fields.removeAll { !partyFields.contains($0.target.text) }
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
                    "[user={until}]", "for user {word}", "user={word}", "user: {word}", "user '{word}'",
                    "user {word}",
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
