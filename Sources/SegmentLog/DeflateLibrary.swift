// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Which library writes DEFLATE; zlib reads what any of them wrote.
///
/// - Source: decision 0021.
public enum DeflateLibrary: String, Hashable, Sendable, CaseIterable {
    /// libdeflate where the machine has it, else zlib.
    case auto
    /// zlib alone.
    case zlib
    /// libdeflate; zlib where the machine has none.
    case libdeflate

    /// Whether this machine has libdeflate.
    public static var hasLibdeflate: Bool { Libdeflate.shared != nil }
}
