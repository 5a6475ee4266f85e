// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What an action is in the Elastic Common Schema.
public struct ECSCategory: Hashable, Sendable {
    /// `event.kind`.
    public var kind = "event"
    /// `event.category`.
    public var categories: [String]
    /// `event.type`.
    public var types: [String]

    init(_ categories: [String], _ types: [String], kind: String = "event") {
        self.categories = categories
        self.types = types
        self.kind = kind
    }

    /// The row of `action`.
    public static func of(_ action: Action) -> ECSCategory {
        access(action) ?? network(action) ?? update(action) ?? ECSCategory([], [])
    }

    private static func access(_ action: Action) -> ECSCategory? {
        switch action {
        case .login, .remoteServiceStart, .localServiceStart, .badge: .init(["authentication"], ["start"])
        case .logout, .remoteServiceStop, .localServiceStop: .init(["authentication"], ["end"])
        case .authenticate, .nodeAuthenticate: .init(["authentication"], ["info"])
        case .sessionStart: .init(["session"], ["start"])
        case .sessionStop: .init(["session"], ["end"])
        case .privilegeUse, .breakglassStart: .init(["iam"], ["admin", "change"])
        case .breakglassStop: .init(["iam"], ["admin", "info"])
        case .accountCreate: .init(["iam"], ["user", "creation"])
        case .accountDelete: .init(["iam"], ["user", "deletion"])
        case .accountChange, .passwordChange, .lockout: .init(["iam"], ["user", "change"])
        case .roleChange: .init(["iam"], ["group", "change"])
        case .dataCreate: .init(["database"], ["creation"])
        case .dataModify: .init(["database"], ["change"])
        case .dataDelete, .backupDelete: .init(["database"], ["deletion"])
        case .dataRead, .dataQuery, .dataImport, .dataExport, .auditRead: .init(["database"], ["access"])
        case .auditStart, .auditStop: .init(["configuration"], ["change"])
        case .auditClear: .init(["configuration"], ["deletion"])
        case .malwareDetect: .init(["malware"], ["info"], kind: "alert")
        case .securityAlert: .init(["threat"], ["indicator"], kind: "alert")
        case .dataUnreadable: .init(["file"], ["change"], kind: "alert")
        case .mailDeliver: .init(["email"], ["info"])
        case .mediaMount: .init(["host"], ["change"])
        case .command: .init(["process"], ["start"])
        case .restrictedUse: .init(["iam"], ["info"])
        default: nil
        }
    }

    private static func network(_ action: Action) -> ECSCategory? {
        switch action {
        case .connect: .init(["network"], ["connection", "start"])
        case .close: .init(["network"], ["connection", "end"])
        case .deny: .init(["network"], ["connection", "denied"])
        case .attach: .init(["network"], ["start"])
        case .detach: .init(["network"], ["end"])
        case .flow, .dataTransfer: .init(["network"], ["connection", "info"])
        case .nameQuery: .init(["network"], ["protocol"])
        case .lease, .release, .translate, .linkChange: .init(["network"], ["info"])
        case .associationFailure: .init(["network"], ["connection", "error"])
        case .intrusionAlert: .init(["intrusion_detection"], ["info"], kind: "alert")
        case .networkConfigChange: .init(["configuration"], ["change"])
        case .heartbeat, .heartbeatLost: .init(["host"], ["info"], kind: "state")
        default: nil
        }
    }

    private static func update(_ action: Action) -> ECSCategory? {
        switch action {
        case .install, .serviceInstall: .init(["package"], ["installation"])
        case .update: .init(["package"], ["change"])
        case .remove: .init(["package"], ["deletion"])
        case .download: .init(["package"], ["info"])
        case .reject: .init(["package"], ["denied"])
        case .versionReport, .statusReport: .init(["package"], ["info"], kind: "state")
        case .configChange, .securityConfigChange, .hardwareConfigChange, .softwareConfigChange:
            .init(["configuration"], ["change"])
        case .applicationStart, .processStart: .init(["process"], ["start"])
        case .applicationStop: .init(["process"], ["end"])
        case .restart: .init(["host"], ["change"])
        case .mismatch: .init(["file"], ["error"], kind: "alert")
        case .vulnerability: .init(["vulnerability"], ["info"])
        default: nil
        }
    }
}

/// An event as a document of the Elastic Common Schema.
///
/// What the schema has no place for stands under `wardline` with our own names. `docs/exports.md` has the
/// table.
public enum ECSObject {
    /// Version of the schema whose names are used.
    public static let version = "9.0.0"

    /// The document of event `index`.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - index: The event.
    ///   - raw: Bytes of its record, for `event.original`; nil leaves it out.
    /// - Returns: The document.
    public static func json(_ batch: EventBatch, _ index: Int, raw: [UInt8]? = nil) -> JSONValue {
        var fields = ExportFields(batch, index)
        let event = fields.event
        var object = ObjectDraft()
        object.add("@timestamp", event.time.isPresent ? event.time.description : nil)
        object.add("ecs", one("version", version))
        object.add("event", self.event(&fields, raw))
        object.add("message", fields.text(.message))
        if Int(event.severity) < SeverityName.all.count {
            object.add("log", one("level", SeverityName.all[Int(event.severity)]))
        }
        // A witness observes; its name is not that of the host the event is about.
        var host = ObjectDraft()
        host.add("name", fields.text(.hostName))
        host.add("ip", fields.text(.hostIP))
        host.add("id", fields.text(.deviceID))
        var observer = event.flags.contains(.witness) ? host : ObjectDraft()
        if !event.flags.contains(.witness) { object.add("host", host) }
        observer.add("product", fields.text(.vendorProduct))
        observer.add("type", event.flags.contains(.witness) ? fields.text(.sourceKind) : nil)
        object.add("observer", observer)
        object.add(
            "source",
            end(&fields, .sourceIP, .sourcePort, .sourceHost, .sourceMAC)
        )
        object.add(
            "destination",
            end(&fields, .targetIP, .targetPort, .targetHost, .targetMAC)
        )
        var user = ObjectDraft()
        user.add("name", fields.text(.userName))
        if let target = fields.text(.userTarget) { user.add("target", one("name", target)) }
        object.add("user", user)
        var network = ObjectDraft()
        network.add("transport", fields.text(.networkTransport)?.lowercased())
        network.add("protocol", fields.text(.networkProtocol)?.lowercased())
        network.add("bytes", fields.integer(.networkBytes))
        object.add("network", network)
        var process = ObjectDraft()
        process.add("name", fields.text(.application))
        process.add("pid", fields.integer(.processID))
        object.add("process", process)
        var package = ObjectDraft()
        package.add("name", fields.text(.softwareName))
        package.add("version", fields.text(.softwareTo))
        object.add("package", package)
        if let rule = fields.text(.policyName) ?? fields.text(.artefact) {
            object.add("rule", one("name", rule))
        }
        if let cve = fields.text(named: "ext.cve") { object.add("vulnerability", one("id", cve)) }
        object.add("wardline", own(fields))
        return object.json
    }

    private static func one(_ name: String, _ value: String) -> ObjectDraft {
        var object = ObjectDraft()
        object.add(name, value)
        return object
    }

    private static func event(_ fields: inout ExportFields, _ raw: [UInt8]?) -> ObjectDraft {
        let event = fields.event
        let row = ECSCategory.of(event.action)
        var object = ObjectDraft()
        object.add("kind", row.kind)
        if !row.categories.isEmpty { object.add("category", .texts(row.categories)) }
        if !row.types.isEmpty {
            // What a control decided is a type of its own.
            let isAllowed = event.action == .connect && event.outcome == .success
            object.add("type", .texts(row.types + (isAllowed ? ["allowed"] : [])))
        }
        object.add("action", event.action.name)
        object.add("outcome", event.outcome.name)
        object.add("code", fields.text(.vendorCode))
        object.add("reason", fields.text(.reason))
        object.add("module", fields.decoder)
        object.add("dataset", "wardline." + event.eventClass.name)
        object.add("id", "\(event.offset.value).\(event.ordinal)")
        if event.deviceTime.isPresent { object.add("created", event.deviceTime.description) }
        if event.logTime.isPresent { object.add("ingested", event.logTime.description) }
        if let raw { object.add("original", String(decoding: raw, as: UTF8.self)) }
        return object
    }

    private static func end(
        _ fields: inout ExportFields,
        _ address: FieldID,
        _ port: FieldID,
        _ host: FieldID,
        _ hardware: FieldID
    ) -> ObjectDraft {
        var end = ObjectDraft()
        let ip = fields.text(address)
        let name = fields.text(host)
        end.add("address", name ?? ip)
        end.add("ip", ip)
        end.add("port", fields.port(port))
        end.add("domain", name)
        // Upper case with hyphens, as the schema asks.
        end.add("mac", fields.text(hardware)?.uppercased().replacing(":", with: "-"))
        return end
    }

    private static func own(_ fields: ExportFields) -> ObjectDraft {
        var own = ObjectDraft()
        for member in fields.rest { own.add(member.name, member.value) }
        let event = fields.event
        if !event.issues.isEmpty { own.add("issues", JSONValue.texts(event.issues.names)) }
        if !event.flags.isEmpty { own.add("flags", JSONValue.texts(EventObject.flags(event.flags))) }
        return own
    }
}
