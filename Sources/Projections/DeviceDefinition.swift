// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A device as the site's inventory describes it.
public struct DeviceDefinition: Hashable, Sendable {
    /// Asset id.
    public var asset: String
    /// Host name; empty if not known.
    public var hostName: String
    /// Maker.
    public var manufacturer: String
    /// Model.
    public var model: String
    /// Kind of device, such as `infusion pump controller`.
    public var deviceType: String
    /// Zone by the inventory.
    public var zone: String
    /// Place.
    public var location: String
    /// Owner or department.
    public var owner: String
    /// Software or firmware version by the inventory.
    public var version: String
    /// State of the asset, such as `in-use`.
    public var status: String
    /// Whether a patient's life depends on it.
    public var isLifeCritical: Bool

    /// Makes a definition.
    public init(
        asset: String,
        hostName: String = "",
        manufacturer: String = "",
        model: String = "",
        deviceType: String = "",
        zone: String = "",
        location: String = "",
        owner: String = "",
        version: String = "",
        status: String = "",
        isLifeCritical: Bool = false
    ) {
        self.asset = asset
        self.hostName = hostName
        self.manufacturer = manufacturer
        self.model = model
        self.deviceType = deviceType
        self.zone = zone
        self.location = location
        self.owner = owner
        self.version = version
        self.status = status
        self.isLifeCritical = isLifeCritical
    }
}
