// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What an audit code means: DICOM PS3.16 context groups 400 and 401, and the IHE and vendor codes met in the
/// field.
struct AuditMeaning {
    /// Class, once no more telling code decides.
    let eventClass: EventClass
    /// Our name for it.
    let kind: String
    let action: Action
    let tags: [String]

    private init(_ eventClass: EventClass, _ kind: String, _ action: Action, _ tags: [String] = []) {
        self.eventClass = eventClass
        self.kind = kind
        self.action = action
        self.tags = tags
    }

    /// Meaning of an EventTypeCode.
    static let types: [String: AuditMeaning] = [
        "110120": AuditMeaning(.update, "app.start", .applicationStart, ["lifecycle"]),
        "110121": AuditMeaning(.update, "app.stop", .applicationStop, ["lifecycle"]),
        "110122": AuditMeaning(.access, "auth.login", .login),
        "110123": AuditMeaning(.access, "auth.logout", .logout),
        "110124": AuditMeaning(.network, "net.attach", .attach),
        "110125": AuditMeaning(.network, "net.detach", .detach),
        "110126": AuditMeaning(.network, "node.auth", .nodeAuthenticate, ["security-alert"]),
        "110127": AuditMeaning(.access, "breakglass.start", .breakglassStart, ["break-glass"]),
        "110128": AuditMeaning(.network, "config.network", .networkConfigChange, ["config-change"]),
        "110129": AuditMeaning(.update, "config.security", .securityConfigChange, ["config-change"]),
        "110130": AuditMeaning(.update, "config.hardware", .hardwareConfigChange, ["config-change"]),
        "110131": AuditMeaning(.update, "config.software", .softwareConfigChange, ["config-change"]),
        "110132": AuditMeaning(.access, "restricted.use", .restrictedUse, ["privilege"]),
        "110133": AuditMeaning(.access, "audit.stopped", .auditStop, ["audit-integrity"]),
        "110134": AuditMeaning(.access, "audit.started", .auditStart, ["audit-integrity"]),
        "110135": AuditMeaning(.access, "object.security.changed", .dataModify, ["privilege"]),
        "110136": AuditMeaning(.access, "roles.changed", .roleChange, ["privilege"]),
        "110137": AuditMeaning(.access, "user.security.changed", .accountChange, ["privilege"]),
        "110138": AuditMeaning(.access, "breakglass.stop", .breakglassStop, ["break-glass"]),
        "110139": AuditMeaning(
            .access,
            "service.remote.start",
            .remoteServiceStart,
            ["remote", "service-session"]
        ),
        "110140": AuditMeaning(
            .access,
            "service.remote.stop",
            .remoteServiceStop,
            ["remote", "service-session"]
        ),
        "110141": AuditMeaning(.access, "service.local.start", .localServiceStart, ["service-session"]),
        "110142": AuditMeaning(.access, "service.local.stop", .localServiceStop, ["service-session"]),
        "110143": AuditMeaning(.access, "authn.decision", .authenticate),
        "110144": AuditMeaning(.access, "authz.decision", .request, ["authz-decision"]),
        "110145": AuditMeaning(.access, "session.start", .sessionStart),
        "110146": AuditMeaning(.access, "session.stop", .sessionStop),
        "110147": AuditMeaning(.access, "access.decision", .request),
        "search": AuditMeaning(.access, "rest", .dataQuery, ["patient-data"]),
        "search-type": AuditMeaning(.access, "rest", .dataQuery, ["patient-data"]),
        "search-system": AuditMeaning(.access, "rest", .dataQuery, ["patient-data"]),
        "ASSOCIATION-FAILURE": AuditMeaning(.network, "association.failure", .associationFailure),
    ]

    /// Meaning of an EventID; `dataRead` stands for create, read, update or delete by the action code.
    static let events: [String: AuditMeaning] = [
        "110100": AuditMeaning(.update, "app.activity", .statusReport, ["lifecycle"]),
        "110101": AuditMeaning(.access, "audit.used", .auditRead, ["audit-integrity"]),
        "110102": AuditMeaning(.network, "dicom.transfer.begin", .dataTransfer, ["patient-data"]),
        "110103": AuditMeaning(.access, "dicom.access", .dataRead, ["patient-data"]),
        "110104": AuditMeaning(.network, "dicom.transfer", .dataTransfer, ["patient-data"]),
        "110105": AuditMeaning(.access, "study.deleted", .dataDelete, ["destructive", "patient-data"]),
        "110106": AuditMeaning(.network, "data.export", .dataExport, ["egress", "patient-data"]),
        "110107": AuditMeaning(.network, "data.import", .dataImport, ["ingress", "patient-data"]),
        "110108": AuditMeaning(.network, "network.entry", .attach),
        "110109": AuditMeaning(.access, "order.record", .dataRead, ["patient-data"]),
        "110110": AuditMeaning(.access, "patient.record", .dataRead, ["patient-data"]),
        "110111": AuditMeaning(.access, "procedure.record", .dataRead, ["patient-data"]),
        "110112": AuditMeaning(.access, "query", .dataQuery, ["patient-data"]),
        "110113": AuditMeaning(.access, "security.alert", .securityAlert, ["security-alert"]),
        "110114": AuditMeaning(.access, "auth", .authenticate),
        "IHE0001": AuditMeaning(.access, "health.service", .dataRead, ["patient-data"]),
        "IHE0002": AuditMeaning(.access, "medication", .dataRead, ["patient-data"]),
        "IHE0003": AuditMeaning(.access, "resource.assignment", .dataRead, ["patient-data"]),
        "IHE0004": AuditMeaning(.access, "care.episode", .dataRead, ["patient-data"]),
        "IHE0005": AuditMeaning(.access, "care.protocol", .dataRead, ["patient-data"]),
        "rest": AuditMeaning(.access, "rest", .dataRead, ["patient-data"]),
    ]

    /// A code that nobody told us of.
    static let unmapped = AuditMeaning(.access, "unmapped", .request, ["unmapped"])

    /// The EventID to which a type belongs, for senders that put the type in its place.
    static func parent(of type: String) -> String {
        switch type {
        case "110120", "110121": "110100"
        case "110122", "110123": "110114"
        case "110124", "110125": "110108"
        default: "110113"
        }
    }

    /// EventIDs and types that some senders give by text alone, case-folded.
    static let texts: [String: String] = [
        "login": "110122", "logout": "110123", "logon": "110122", "logoff": "110123",
        "user authentication": "110114", "application activity": "110100", "application start": "110120",
        "application stop": "110121", "audit log used": "110101", "patient record": "110110",
        "order record": "110109",
        "procedure record": "110111", "query": "110112", "export": "110106", "import": "110107",
        "security alert": "110113", "security administration": "110113", "network entry": "110108",
        "study deleted": "110105", "dicom study deleted": "110105", "dicom instances accessed": "110103",
        "dicom instances transferred": "110104", "begin transferring dicom instances": "110102",
        "patient record event": "110110", "emergency override started": "110127",
    ]

    /// The action that a create, read, update, delete or execute code makes of `dataRead`.
    static func action(_ base: Action, _ code: String) -> Action {
        guard base == .dataRead else { return base }
        switch code {
        case "C": return .dataCreate
        case "U": return .dataModify
        case "D": return .dataDelete
        default: return .dataRead
        }
    }
}
