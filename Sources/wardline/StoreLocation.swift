// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Where the store lies.
enum StoreLocation {
    /// The folder by `--store`, `WARDLINE_STORE`, `XDG_DATA_HOME`, else the home folder.
    static func path(_ options: StoreOptions, _ environment: [String: String]) throws(WardlineError) -> String
    {
        func named(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }
        if let given = options.store ?? named("WARDLINE_STORE") {
            guard !given.isEmpty, !given.utf8.contains(0) else {
                throw WardlineError(.usage, "The folder of the store has no name. Write --store DIR.")
            }
            return given
        }
        if let data = named("XDG_DATA_HOME") { return data + "/wardline" }
        guard let home = named("HOME") else {
            throw WardlineError(.usage, "There is no home folder to look for a store in. Write --store DIR.")
        }
        return home + "/.local/share/wardline"
    }
}
