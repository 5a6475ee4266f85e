// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A class of the Open Cybersecurity Schema Framework, version 1.8.0: the ones that events become.
///
/// Source: the published schema of that release.
public enum OCSFClass: Int, Sendable, CaseIterable {
    /// What no class describes.
    case baseEvent = 0
    case eventLogActivity = 1008
    case vulnerabilityFinding = 2002
    case detectionFinding = 2004
    case accountChange = 3001
    case authentication = 3002
    case authorizeSession = 3003
    case userAccess = 3005
    case networkActivity = 4001
    case dnsActivity = 4003
    case dhcpActivity = 4004
    case emailActivity = 4009
    case deviceInventory = 5001
    case deviceConfigStateChange = 5019
    case softwareInventory = 5020
    case applicationLifecycle = 6002
    case apiActivity = 6003

    /// Version of the framework.
    public static let version = "1.8.0"

    /// The category: thousands of the number; base events have none.
    public var category: Int { rawValue / 1_000 }

    /// `activity_id` of what no activity of a class describes.
    public static let otherActivity = 99
    /// `activity_id` of what is not known.
    public static let unknownActivity = 0
}

/// Class and activity that an action becomes.
public struct OCSFActivity: Hashable, Sendable {
    /// The class.
    public var ocsfClass: OCSFClass
    /// `activity_id` within the class.
    public var activity: Int

    /// `type_uid`: class and activity in one number.
    public var type: Int { ocsfClass.rawValue * 100 + activity }

    init(_ ocsfClass: OCSFClass, _ activity: Int) {
        self.ocsfClass = ocsfClass
        self.activity = activity
    }

    /// What `action` becomes when it ended with `outcome`.
    ///
    /// Total: every action has a row, which the compiler checks.
    public static func of(_ action: Action, _ outcome: Outcome) -> OCSFActivity {
        access(action) ?? network(action, outcome) ?? update(action)
            ?? OCSFActivity(
                .baseEvent,
                action == .other ? OCSFClass.unknownActivity : OCSFClass.otherActivity
            )
    }

    private static func access(_ action: Action) -> OCSFActivity? {
        switch action {
        case .login, .authenticate, .sessionStart, .remoteServiceStart, .localServiceStart, .badge,
            .nodeAuthenticate:
            OCSFActivity(.authentication, 1)
        case .logout, .sessionStop, .remoteServiceStop, .localServiceStop: OCSFActivity(.authentication, 2)
        case .privilegeUse: OCSFActivity(.authentication, 7)
        case .breakglassStart: OCSFActivity(.authorizeSession, 1)
        case .breakglassStop: OCSFActivity(.authorizeSession, OCSFClass.otherActivity)
        case .accountCreate: OCSFActivity(.accountChange, 1)
        case .accountChange: OCSFActivity(.accountChange, OCSFClass.otherActivity)
        case .passwordChange: OCSFActivity(.accountChange, 3)
        case .accountDelete: OCSFActivity(.accountChange, 6)
        case .lockout: OCSFActivity(.accountChange, 9)
        // The line does not say whether rights were given or taken.
        case .roleChange: OCSFActivity(.userAccess, OCSFClass.otherActivity)
        case .dataCreate: OCSFActivity(.apiActivity, 1)
        case .dataRead, .dataQuery, .auditRead: OCSFActivity(.apiActivity, 2)
        case .dataModify: OCSFActivity(.apiActivity, 3)
        case .dataDelete, .backupDelete: OCSFActivity(.apiActivity, 4)
        case .dispense, .command, .request, .restrictedUse, .patientAdmit, .dataImport, .dataExport:
            OCSFActivity(.apiActivity, OCSFClass.otherActivity)
        case .auditClear: OCSFActivity(.eventLogActivity, 1)
        case .auditStart: OCSFActivity(.eventLogActivity, 6)
        case .auditStop: OCSFActivity(.eventLogActivity, 7)
        case .malwareDetect, .securityAlert, .dataUnreadable, .intrusionAlert, .mismatch:
            OCSFActivity(.detectionFinding, 1)
        case .mailDeliver: OCSFActivity(.emailActivity, 2)
        default: nil
        }
    }

    private static func network(_ action: Action, _ outcome: Outcome) -> OCSFActivity? {
        switch action {
        case .connect, .attach: OCSFActivity(.networkActivity, outcome == .failure ? 4 : 1)
        case .close, .detach: OCSFActivity(.networkActivity, 2)
        case .associationFailure: OCSFActivity(.networkActivity, 4)
        case .deny: OCSFActivity(.networkActivity, 5)
        case .flow, .dataTransfer: OCSFActivity(.networkActivity, 6)
        case .translate, .linkChange: OCSFActivity(.networkActivity, OCSFClass.otherActivity)
        case .nameQuery: OCSFActivity(.dnsActivity, 1)
        case .lease: OCSFActivity(.dhcpActivity, 5)
        case .release: OCSFActivity(.dhcpActivity, 7)
        default: nil
        }
    }

    private static func update(_ action: Action) -> OCSFActivity? {
        switch action {
        case .install, .serviceInstall: OCSFActivity(.applicationLifecycle, 1)
        case .remove: OCSFActivity(.applicationLifecycle, 2)
        case .applicationStart, .processStart: OCSFActivity(.applicationLifecycle, 3)
        case .applicationStop: OCSFActivity(.applicationLifecycle, 4)
        case .restart: OCSFActivity(.applicationLifecycle, 5)
        case .update: OCSFActivity(.applicationLifecycle, 8)
        case .download, .reject: OCSFActivity(.applicationLifecycle, OCSFClass.otherActivity)
        case .configChange, .securityConfigChange, .hardwareConfigChange, .softwareConfigChange,
            .networkConfigChange:
            OCSFActivity(.deviceConfigStateChange, 1)
        case .versionReport: OCSFActivity(.softwareInventory, 1)
        case .statusReport: OCSFActivity(.deviceInventory, 1)
        case .vulnerability: OCSFActivity(.vulnerabilityFinding, 1)
        default: nil
        }
    }
}
