// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Letters of ASCII without regard to case; other bytes as they are.
public enum ByteFolding {
    /// Lower case of an ASCII letter.
    public static func folded(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    }
}
