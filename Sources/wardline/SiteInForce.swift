// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Platform
import QueryEngine
import SiteFiles

/// Site files for commands that only read.
enum SiteInForce {
    /// The site files that the log of a store brought into force last.
    static func register(_ reader: StoreReader) throws(WardlineError) -> AssetRegister {
        try register(reader, try ContentInForce(reader))
    }

    /// The site files that `inForce` names.
    static func register(
        _ reader: StoreReader,
        _ inForce: ContentInForce
    ) throws(WardlineError) -> AssetRegister {
        var site = Site()
        for role in SiteRole.allCases {
            guard let hash = inForce.site[role.rawValue] else { continue }
            try SiteReader.apply(role: role, bytes: try reader.set(hash), file: role.rawValue, to: &site)
        }
        return AssetRegister(site: site)
    }

    /// The site files of a folder, named by their roles.
    static func register(folder: String) throws(WardlineError) -> AssetRegister {
        var site = Site()
        for file in try Content.files(in: folder, endingIn: ContentFiles.Role.suffixes) {
            guard !file.name.contains("/"), let named = ContentFiles.Role.of(file.name),
                let role = SiteRole(rawValue: named.rawValue)
            else { continue }
            let path = folder + "/" + file.name
            try SiteReader.apply(role: role, bytes: file.bytes, file: path, to: &site)
        }
        return AssetRegister(site: site)
    }
}
