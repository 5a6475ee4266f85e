// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
public import EventModel
public import Normalization
public import Platform

/// The site key of a store: made once, kept beside the log, read by who decodes.
public enum StoreKey {
    /// Length of the secret in bytes: that of the hash it keys.
    static let secretCount = 32

    /// The key of the store, made if there is none.
    public static func open(_ store: StorePaths, storage: any LogStorage) throws(WardlineError) -> SiteKey {
        do throws(StorageError) {
            if let found = try read(store, storage) { return found }
            let secret = randomBytes(secretCount)
            try storage.makeDirectories(store.root)
            try storage.writeAtomically(secret, to: store.siteKey)
            return key(secret)
        } catch {
            throw WardlineError(
                .storage,
                "The site key cannot be read or made: check the store's permissions.",
                cause: error.description,
                location: store.siteKey
            )
        }
    }

    /// The key of the store; a key that matches nothing if it has none yet or may not be read.
    public static func reading(_ store: StorePaths, storage: any LogStorage) -> SiteKey {
        let found = try? read(store, storage)
        return found ?? SiteKey(id: "none", secret: [])
    }

    private static func read(_ store: StorePaths, _ storage: any LogStorage) throws(StorageError) -> SiteKey?
    {
        guard try storage.exists(store.siteKey) else { return nil }
        let secret = try storage.readFile(store.siteKey)
        return secret.count == secretCount ? key(secret) : nil
    }

    private static func key(_ secret: [UInt8]) -> SiteKey {
        SiteKey(id: String(sha256(secret).hexadecimal.prefix(16)), secret: secret)
    }
}
