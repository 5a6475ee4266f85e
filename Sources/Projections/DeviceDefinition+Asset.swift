// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Inventory

extension DeviceDefinition {
    /// The device as the read models keep it: the first host name stands for all.
    public init(_ asset: Asset) {
        self.init(
            asset: asset.id,
            hostName: asset.hostNames.first ?? "",
            manufacturer: asset.manufacturer,
            model: asset.model,
            deviceType: asset.deviceType,
            zone: asset.zone,
            location: asset.location,
            owner: asset.owner,
            version: asset.firmware,
            isLifeCritical: asset.isLifeCritical
        )
    }
}
