// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Inventory

extension JudgedEvent {
    /// Whether a device takes part in the event: as subject, source, target or reporter.
    ///
    /// - Parameter names: ids, host names and addresses of the device, ``AssetRegister/folded(_:)``.
    public func concerns(_ names: Set<String>) -> Bool {
        if [subject, source, target].contains(where: { names.contains(AssetRegister.folded($0)) }) {
            return true
        }
        let fields: [FieldID] = [
            .hostName, .hostIP, .deviceID, .sourceHost, .targetHost, .sourceIP, .targetIP,
        ]
        return fields.contains { field in
            batch.text(field, in: index).map { names.contains(AssetRegister.folded($0)) } ?? false
        }
    }
}

extension Correlator {
    /// What a stored record must have for its events to change who has an address or which service session is
    /// open.
    public static var joinCondition: RowCondition { .header(.action, joinActions) }

    /// Whether events of an action change that.
    public static func isJoin(_ action: Action) -> Bool { joinActions[action.rawValue] }
}
