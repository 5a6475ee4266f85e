// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform

/// The content files that a store keeps under their hashes, as the facts of its log name them.
struct StoreSets: Sendable {
    let store: StorePaths
    let storage: any LogStorage

    /// The files that an activation names, and why parts of it were refused; no files where it cannot be said
    /// which they are.
    func files(_ fact: JSONValue) -> (files: [(name: String, bytes: [UInt8])]?, refused: [String]) {
        var files: [(name: String, bytes: [UInt8])] = []
        var refused: [String] = []
        do throws(WardlineError) {
            let named = try ActivatedFiles(fact).files { hash throws(WardlineError) in
                try bytes(hash, "the manifest of \(fact["role"]?.text ?? "")")
            }
            for file in named {
                do throws(WardlineError) {
                    files.append((file.name, try bytes(file.sha256, file.name)))
                } catch {
                    refused.append(error.description)
                }
            }
        } catch {
            return (nil, [error.description])
        }
        return (files, refused)
    }

    /// The bytes that a site fact names; what was altered since is refused.
    func bytes(_ fact: JSONValue, _ name: String) throws(WardlineError) -> [UInt8] {
        try bytes(fact["sha256"]?.text ?? "", name)
    }

    private func bytes(_ hash: String, _ name: String) throws(WardlineError) -> [UInt8] {
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
