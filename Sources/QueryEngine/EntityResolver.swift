// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What is known of an asset that takes part in an event, at the event's time.
public struct EntityFacts: Hashable, Sendable {
    /// Asset id.
    public var id: String
    /// Other names: serial number, host names, AE titles.
    public var names: [String]
    /// Type in words.
    public var type: String
    /// Maker.
    public var manufacturer: String
    /// Model.
    public var model: String
    /// Zone id.
    public var zone: String

    /// Makes facts.
    public init(id: String, names: [String], type: String, manufacturer: String, model: String, zone: String)
    {
        self.id = id
        self.names = names
        self.type = type
        self.manufacturer = manufacturer
        self.model = model
        self.zone = zone
    }
}

/// By what records name assets.
public struct EntityIdentifiers: Hashable, Sendable {
    /// Names and fingerprints, of which a record holds one in any case, perhaps with more around it.
    public var names: Set<String>
    /// Addresses that were theirs at some time.
    public var addresses: Set<IPAddress>

    /// Gathers identifiers.
    public init(names: Set<String> = [], addresses: Set<IPAddress> = []) {
        self.names = names
        self.addresses = addresses
    }
}

/// Says which assets took part in an event and where addresses lie.
///
/// Owned by one thread; may cache.
public protocol EntityResolver: AnyObject {
    /// Assets that take part in event `index`, the subject first; empty if none is known.
    func participants(of index: Int, in batch: EventBatch) -> [EntityFacts]

    /// By what records name the assets that `accepts` takes: none takes part in an event without one of them.
    func identifiers(where accepts: (EntityFacts) -> Bool) -> EntityIdentifiers

    /// Zone id of an address; nil where the site names no zones.
    func zone(of address: IPAddress) -> String?
}
