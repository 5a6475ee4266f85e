// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A device as the read models know it: the inventory's words and what was seen.
public struct StoredDevice: Hashable, Sendable {
    /// The inventory's description; only `asset` is set where `isListed` is false.
    public var definition: DeviceDefinition
    /// Whether the inventory in force lists it.
    public var isListed: Bool
    /// What was seen of it.
    public var seen: DeviceCounters
}
