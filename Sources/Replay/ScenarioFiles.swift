// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// The files that scenarios are read from and goldens are written to.
///
/// Paths are joined with `/`.
public protocol ScenarioFiles {
    /// Names in `directory`, in any order; nil if there is no such directory.
    func names(in directory: String) throws(WardlineError) -> [String]?
    /// The bytes of `path`; nil if there is no such file.
    func bytes(of path: String) throws(WardlineError) -> [UInt8]?
    /// Replaces or makes `path`.
    func write(_ bytes: [UInt8], to path: String) throws(WardlineError)
}
