// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

/// The content files that a store keeps under their hashes, as the facts of its log name them.
struct StoreSets: Sendable {
    let store: StorePaths
    let storage: any LogStorage

    /// The files that an activation names, and why parts of it were refused.
    func files(_ fact: JSONValue) -> (files: [(name: String, bytes: [UInt8])], refused: [String]) {
        var files: [(name: String, bytes: [UInt8])] = []
        var refused: [String] = []
        for file in fact["files"]?.elements ?? [] {
            let name = file["name"]?.text ?? ""
            do throws(WardlineError) {
                files.append((name, try bytes(file, name)))
            } catch {
                refused.append(error.description)
            }
        }
        return (files, refused)
    }

    /// The bytes that a fact names; what was altered since is refused.
    func bytes(_ fact: JSONValue, _ name: String) throws(WardlineError) -> [UInt8] {
        let hash = fact["sha256"]?.text ?? ""
        guard SHA256Digest(hexadecimal: hash) != nil else {
            throw WardlineError(.integrity, "A fact names no SHA-256.", location: name)
        }
        do throws(StorageError) {
            let content = try storage.readFile(store.set(hash))
            if sha256(content).hexadecimal == hash { return content }
        } catch {
            throw WardlineError(
                .integrity,
                "A file of the store's sets is missing.",
                cause: error.description,
                location: store.set(hash)
            )
        }
        throw WardlineError(.integrity, "A file of the store's sets was altered.", location: store.set(hash))
    }
}
