// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SiteFiles

/// Where the store lies.
enum StoreLocation {
    /// The folder by `--store`, `WARDLINE_STORE`, `data` of the configuration, `XDG_DATA_HOME`, else the home
    /// folder.
    ///
    /// - Parameter configuration: The configuration where it was read already; else it is looked for, and one
    ///   that is wrong says nothing here.
    static func path(
        _ options: StoreOptions,
        _ environment: [String: String],
        _ configuration: Configuration? = nil
    ) throws(WardlineError) -> String {
        func named(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }
        if let given = options.store ?? named("WARDLINE_STORE") {
            guard !given.isEmpty, !given.utf8.contains(0) else {
                throw WardlineError(.usage, "The folder of the store has no name. Write --store DIR.")
            }
            return given
        }
        let known = configuration ?? (try? WriteOptions.configuration(nil, environment))
        if let data = known?.data { return data }
        if let data = named("XDG_DATA_HOME") { return data + "/wardline" }
        guard let home = named("HOME") else {
            throw WardlineError(.usage, "There is no home folder to look for a store in. Write --store DIR.")
        }
        return home + "/.local/share/wardline"
    }
}
