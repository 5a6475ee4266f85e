// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What the site's files say of an event, as fields that can be shown: `entity`, `zone`, `device.class`,
/// `device.manufacturer`, `device.model`, `src.zone` and `dst.zone`.
public enum SiteValues {
    /// Whether a field of that name stands in the site's files and not in records.
    public static func isOfSite(_ name: String) -> Bool {
        switch QueryField(name: name) {
        case .zone: true
        case .entity(let fact): fact != .device
        default: false
        }
    }

    /// The values of the field `name` for event `index` at its time, those of the subject first, each once;
    /// empty where the site says nothing.
    public static func values(
        of name: String,
        _ index: Int,
        in batch: EventBatch,
        _ resolver: any EntityResolver
    ) -> [String] {
        func zones(_ fields: [FieldID]) -> [String] {
            fields.compactMap { batch.address($0, in: index).flatMap { resolver.zone(of: $0) } }
        }
        let found: [String]
        switch QueryField(name: name) {
        case .zone(.source): found = zones([.sourceIP])
        case .zone(.target): found = zones([.targetIP])
        case .entity(let fact):
            let participants = resolver.participants(of: index, in: batch)
            switch fact {
            case .entity, .device: found = participants.map(\.id)
            case .zone: found = participants.map(\.zone) + zones([.hostIP, .sourceIP, .targetIP])
            case .type: found = participants.map(\.type)
            case .manufacturer: found = participants.map(\.manufacturer)
            case .model: found = participants.map(\.model)
            }
        default: found = []
        }
        var seen: Set<String> = [""]
        return found.filter { seen.insert($0).inserted }
    }
}
