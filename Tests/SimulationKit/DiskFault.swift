// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Platform

/// What goes wrong, and when: the `nth` operation (from 1) that can fail does, once or from then on.
public struct DiskFault: Hashable, Sendable {
    /// How it fails.
    public enum Kind: Hashable, Sendable, CaseIterable {
        /// EIO: the device failed.
        case inputOutput
        /// ENOSPC: the disk is full.
        case full
        /// EDQUOT: the quota is used up.
        case quota
        /// EINTR: a write was interrupted; other calls are left alone.
        case interrupted
        /// A write takes only half of its bytes; other calls are left alone.
        case short

        var code: Int32 {
            switch self {
            case .inputOutput: 5
            case .full: 28
            case .quota: 122
            case .interrupted: 4
            case .short: 0
            }
        }

        /// Whether only writes meet this fault.
        public var isForWritesOnly: Bool { self == .interrupted || self == .short }
    }

    /// How it fails.
    public var kind: Kind
    /// Which operation fails, from 1.
    public var nth: Int
    /// Whether all later ones fail too.
    public var isLasting: Bool

    /// Makes a fault.
    public init(_ kind: Kind, nth: Int, isLasting: Bool = false) {
        self.kind = kind
        self.nth = nth
        self.isLasting = isLasting
    }
}
