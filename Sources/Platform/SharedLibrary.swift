// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// A library of this machine that is used where it is there, and never needed.
///
/// Stays loaded until the process ends: what was found in it is valid for ever. `@unchecked Sendable`: the
/// handle is only read, and dlsym may be called from any thread.
@safe public struct SharedLibrary: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer

    /// Loads the first of `names` that the system's loader finds in its own folders; nil for none.
    ///
    /// A name is a file name with its version, such as `libz.so.1`, never a path.
    public init?(_ names: String...) {
        for name in names where !name.contains("/") {
            // Valid: the name lives during the call; a handle is never closed.
            if let found = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) {
                unsafe handle = found
                return
            }
        }
        return nil
    }

    /// Where `symbol` is; nil when the library has none of that name.
    ///
    /// The caller knows its type.
    public func address(of symbol: String) -> UnsafeMutableRawPointer? { unsafe dlsym(handle, symbol) }
}
