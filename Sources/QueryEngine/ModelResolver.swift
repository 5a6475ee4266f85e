// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// Resolves the assets of events by the names that the read models know.
///
/// Owned by one thread.
///
/// A name is an asset id or host name as the inventory has it, with or without a domain, ASCII case ignored.
public final class ModelResolver: EntityResolver {
    private var facts: [String: EntityFacts] = [:]
    private static let nameFields: [FieldID] = [.deviceID, .hostName, .sourceHost, .targetHost]

    /// Takes the devices of `models`.
    public init(_ models: ReadModels) throws(WardlineError) {
        for device in try models.devices() {
            let definition = device.definition
            let found = EntityFacts(
                id: definition.asset,
                names: [definition.hostName].filter { !$0.isEmpty },
                type: definition.deviceType,
                manufacturer: definition.manufacturer,
                model: definition.model,
                zone: definition.zone
            )
            for name in [definition.asset, definition.hostName] where !name.isEmpty {
                facts[name.lowercased()] = found
            }
        }
    }

    /// Assets whose names the event mentions, the subject first.
    public func participants(of index: Int, in batch: EventBatch) -> [EntityFacts] {
        var found: [EntityFacts] = []
        for field in ModelResolver.nameFields {
            guard let name = batch.text(field, in: index)?.lowercased() else { continue }
            let short = name.prefix { $0 != "." }
            guard let known = facts[name] ?? facts[String(short)], !found.contains(known) else { continue }
            found.append(known)
        }
        return found
    }

    /// Not known from names.
    public func zone(of address: IPAddress) -> String? { nil }
}
