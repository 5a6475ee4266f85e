// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections

/// A store opened for reading, with or without a daemon at work in it. Writes nothing.
public struct StoreReader {
    /// Folder of the store.
    public let path: String

    /// Opens the store at `path`.
    public init(path: String) throws(WardlineError) {
        self.path = path
    }

    /// The read models.
    public func readModels() throws(WardlineError) -> ReadModels {
        try ReadModels(path: path + "/projections/wardline.sqlite", mode: .readOnly)
    }
}
