// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// An event as an object of the Open Cybersecurity Schema Framework (OCSF) 1.8.0.
///
/// Required attributes are always there: what an event does not say is `Unknown` or 0, as the framework asks.
/// What the framework has no place for stands under `unmapped` with our own names, so nothing is lost.
/// `docs/exports.md` has the table.
public enum OCSFObject {
    /// The object of event `index`.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - index: The event.
    ///   - raw: Bytes of its record, for `raw_data`; nil leaves it out.
    /// - Returns: The object.
    public static func json(_ batch: EventBatch, _ index: Int, raw: [UInt8]? = nil) -> JSONValue {
        var builder = OCSFBuilder(batch, index)
        return builder.object(raw: raw)
    }

    /// `severity_id` of a syslog severity.
    static func severity(_ severity: UInt8) -> Int {
        switch severity {
        case 0: 6
        case 1, 2: 5
        case 3: 4
        case 4: 3
        case 5: 2
        case 6, 7: 1
        default: 0
        }
    }
}

/// Puts one object together.
private struct OCSFBuilder {
    private static let unknown = "Unknown"

    private var fields: ExportFields
    private let activity: OCSFActivity
    private let event: Event
    private var object = ObjectDraft()
    private var profiles: [String] = []
    private let device: ObjectDraft

    init(_ batch: EventBatch, _ index: Int) {
        var fields = ExportFields(batch, index)
        event = fields.event
        activity = OCSFActivity.of(event.action, event.outcome)
        var device = ObjectDraft()
        device.add("type_id", 0)
        device.add("hostname", fields.text(.hostName))
        device.add("ip", fields.text(.hostIP))
        device.add("uid", fields.text(.deviceID))
        self.device = device
        self.fields = fields
    }

    // A field counts as taken where it is used, so that what a class has no place for stays among the rest.

    private mutating func source() -> ObjectDraft {
        OCSFBuilder.endpoint(&fields, .sourceIP, .sourcePort, .sourceHost, .sourceMAC, .sourceZone)
    }

    private mutating func target() -> ObjectDraft {
        OCSFBuilder.endpoint(&fields, .targetIP, .targetPort, .targetHost, .targetMAC, .targetZone)
    }

    private mutating func user() -> String? { fields.text(.userName) }

    private static func endpoint(
        _ fields: inout ExportFields,
        _ address: FieldID,
        _ port: FieldID,
        _ host: FieldID,
        _ hardware: FieldID,
        _ zone: FieldID
    ) -> ObjectDraft {
        var end = ObjectDraft()
        end.add("ip", fields.text(address))
        end.add("port", fields.port(port))
        end.add("hostname", fields.text(host))
        end.add("mac", fields.text(hardware))
        end.add("zone", fields.text(zone))
        return end
    }

    mutating func object(raw: [UInt8]?) -> JSONValue {
        let ocsfClass = activity.ocsfClass
        object.add("activity_id", activity.activity)
        if activity.activity == OCSFClass.otherActivity { object.add("activity_name", event.action.name) }
        object.add("category_uid", ocsfClass.category)
        object.add("class_uid", ocsfClass.rawValue)
        object.add("type_uid", activity.type)
        object.add("severity_id", OCSFObject.severity(event.severity))
        object.add("status_id", Int(event.outcome.rawValue))
        object.add("status_detail", fields.text(.reason))
        object.add("time", event.time.nanoseconds / 1_000_000)
        // A class that asks for a device takes what is known; so does one that has nothing else to tell it.
        object.add("device", device)
        profiles.append("host")
        addParts(ocsfClass)
        object.add("message", fields.text(.message))
        object.add("metadata", metadata())
        if let raw { object.add("raw_data", String(decoding: raw, as: UTF8.self)) }
        var rest = ObjectDraft()
        for member in fields.rest { rest.add(member.name, member.value) }
        if event.action != .other { rest.add("action", event.action.name) }
        if !event.issues.isEmpty { rest.add("issues", JSONValue.texts(event.issues.names)) }
        object.add("unmapped", rest)
        return object.json
    }

    private mutating func addParts(_ ocsfClass: OCSFClass) {
        switch ocsfClass {
        case .authentication: addAuthentication()
        case .authorizeSession, .accountChange, .userAccess: addIdentity(ocsfClass)
        case .networkActivity, .dnsActivity, .dhcpActivity: addNetwork(ocsfClass)
        case .detectionFinding, .vulnerabilityFinding: addFinding(ocsfClass)
        case .applicationLifecycle, .softwareInventory: addSoftware(ocsfClass)
        case .apiActivity:
            addActor()
            object.add("api", OCSFBuilder.one("operation", event.action.name))
            addEndpoints(needsSource: true)
        case .eventLogActivity:
            object.add("log_name", "audit")
            addActor()
            addEndpoints(needsSource: false)
        case .emailActivity:
            var email = ObjectDraft()
            email.add("from", fields.text(named: "ext.sender") ?? OCSFBuilder.unknown)
            email.add("to", user().map { .texts([$0]) })
            email.add("subject", fields.text(named: "ext.subject"))
            object.add("direction_id", 0)
            object.add("email", email)
            addEndpoints(needsSource: false)
        case .baseEvent, .deviceInventory, .deviceConfigStateChange:
            addActor()
            addEndpoints(needsSource: false)
        }
    }

    private static func one(_ name: String, _ value: String) -> ObjectDraft {
        var object = ObjectDraft()
        object.add(name, value)
        return object
    }

    private func userObject(_ name: String?) -> ObjectDraft {
        var object = ObjectDraft()
        object.add("name", name ?? OCSFBuilder.unknown)
        if name == nil { object.add("type_id", 0) }
        return object
    }

    private mutating func addActor() {
        var actor = ObjectDraft()
        let application = fields.text(.application)
        let user = user()
        if user != nil || application == nil { actor.add("user", userObject(user)) }
        actor.add("app_name", application)
        object.add("actor", actor)
    }

    private mutating func addEndpoints(needsSource: Bool) {
        let source = source()
        object.add("src_endpoint", source.isEmpty && needsSource ? fallbackEndpoint : source)
        object.add("dst_endpoint", target())
    }

    /// The reporting host as an end of what it reports.
    private var fallbackEndpoint: ObjectDraft {
        var end = ObjectDraft()
        for member in device.members where member.name != "type_id" { end.add(member.name, member.value) }
        return end.isEmpty ? OCSFBuilder.one("name", OCSFBuilder.unknown) : end
    }

    private mutating func addAuthentication() {
        // The account that is switched to is the one that is authenticated.
        let isSwitch = event.action == .privilegeUse
        let switched = isSwitch ? fields.text(.userTarget) : nil
        object.add("user", userObject(switched ?? user()))
        if isSwitch {
            var actor = ObjectDraft()
            actor.add("user", userObject(user()))
            object.add("actor", actor)
        }
        if let application = fields.text(.application) {
            object.add("service", OCSFBuilder.one("name", application))
        }
        object.add("src_endpoint", source())
        let target = target()
        object.add("dst_endpoint", target.isEmpty ? fallbackEndpoint : target)
        object.add("auth_protocol", fields.text(.authMethod))
        switch fields.peek(.authMFA) {
        case nil: break
        case "true"?, "false"?: object.add("is_mfa", JSONValue.bool(fields.text(.authMFA) == "true"))
        // The name of the factor stays among the rest.
        default: object.add("is_mfa", JSONValue.bool(true))
        }
        object.add("logon_type", fields.text(.logonType))
        addSession()
    }

    private mutating func addSession() {
        if let session = fields.text(.sessionID) { object.add("session", OCSFBuilder.one("uid", session)) }
    }

    private mutating func addIdentity(_ ocsfClass: OCSFClass) {
        let changed = fields.text(.userTarget)
        object.add("user", userObject(changed ?? user()))
        if changed != nil {
            addActor()
        } else if let application = fields.text(.application) {
            object.add("actor", OCSFBuilder.one("app_name", application))
        }
        if ocsfClass == .authorizeSession { object.add("privileges", JSONValue.texts(["break-glass"])) }
        if ocsfClass == .userAccess {
            object.add(
                "privileges",
                JSONValue.texts([fields.text(named: "ext.group") ?? OCSFBuilder.unknown])
            )
        }
        object.add("src_endpoint", source())
        addSession()
    }

    private mutating func addNetwork(_ ocsfClass: OCSFClass) {
        let source = source()
        let target = target()
        object.add("src_endpoint", source.isEmpty && target.isEmpty ? fallbackEndpoint : source)
        object.add("dst_endpoint", target)
        if let transport = fields.text(.networkTransport) {
            var connection = ObjectDraft()
            connection.add("direction_id", 0)
            connection.add("protocol_name", transport.lowercased())
            object.add("connection_info", connection)
        }
        if ocsfClass == .networkActivity { object.add("app_name", fields.text(.networkProtocol)) }
        if let bytes = fields.integer(.networkBytes) {
            var traffic = ObjectDraft()
            traffic.add("bytes", bytes)
            object.add("traffic", traffic)
        }
        if ocsfClass == .dnsActivity, let query = fields.text(named: "ext.query") {
            object.add("query", OCSFBuilder.one("hostname", query))
        }
        if event.action == .deny || event.action == .connect {
            let isDenied = event.action == .deny
            profiles.append("security_control")
            object.add("action_id", isDenied ? 2 : event.outcome == .success ? 1 : 0)
            object.add("disposition_id", isDenied ? 2 : event.outcome == .success ? 1 : 0)
            if let policy = fields.text(.policyName) { object.add("policy", OCSFBuilder.one("name", policy)) }
        }
        if fields.peek(.userName) != nil { addActor() }
        addSession()
    }

    private mutating func addFinding(_ ocsfClass: OCSFClass) {
        let code = fields.text(.vendorCode)
        let title = fields.text(.artefact)
        var finding = ObjectDraft()
        finding.add("uid", code ?? title ?? event.action.name)
        finding.add("title", title)
        object.add("finding_info", finding)
        if ocsfClass == .vulnerabilityFinding {
            var vulnerability = ObjectDraft()
            if let cve = fields.text(named: "ext.cve") {
                vulnerability.add("cve", OCSFBuilder.one("uid", cve))
            } else {
                vulnerability.add("advisory", OCSFBuilder.one("uid", code ?? OCSFBuilder.unknown))
            }
            object.add("vulnerabilities", .array([vulnerability.json]))
        }
        var evidence = ObjectDraft()
        evidence.add("src_endpoint", source())
        evidence.add("dst_endpoint", target())
        if let user = user() {
            var actor = ObjectDraft()
            actor.add("user", userObject(user))
            evidence.add("actor", actor)
        }
        if !evidence.isEmpty { object.add("evidences", .array([evidence.json])) }
    }

    private mutating func addSoftware(_ ocsfClass: OCSFClass) {
        let name = fields.text(.softwareName)
        let version = fields.text(.softwareTo)
        if ocsfClass == .applicationLifecycle {
            var application = ObjectDraft()
            application.add("name", name ?? fields.text(.artefact) ?? OCSFBuilder.unknown)
            application.add("version", version)
            object.add("app", application)
        } else if let name, let version {
            var package = ObjectDraft()
            package.add("name", name)
            package.add("version", version)
            object.add("package", package)
        } else {
            object.add("product", OCSFBuilder.one("name", name ?? version ?? OCSFBuilder.unknown))
        }
        addActor()
        addEndpoints(needsSource: false)
    }

    private mutating func metadata() -> ObjectDraft {
        var product = ObjectDraft()
        product.add("name", fields.text(.vendorProduct) ?? fields.decoder)
        product.add("vendor_name", fields.text(named: "ext.cef.vendor") ?? OCSFBuilder.unknown)
        var metadata = ObjectDraft()
        metadata.add("version", OCSFClass.version)
        metadata.add("product", product)
        metadata.add("profiles", .texts(profiles))
        metadata.add("uid", "\(event.offset.value).\(event.ordinal)")
        metadata.add("event_code", fields.text(.vendorCode))
        metadata.add("log_provider", fields.decoder)
        if event.logTime.isPresent { metadata.add("logged_time", event.logTime.nanoseconds / 1_000_000) }
        if event.deviceTime.isPresent { metadata.add("original_time", event.deviceTime.description) }
        return metadata
    }
}
