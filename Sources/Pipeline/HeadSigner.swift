// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
public import Platform
public import SegmentLog

/// Signs the heads of a store's streams with the store's key.
public struct HeadSigner: Sendable {
    /// Log time between two heads of a stream that grows, in nanoseconds: five minutes.
    public static let intervalNanoseconds: Int64 = 300_000_000_000

    private let key: SigningKey
    /// Name of the log: `wardline-` and eight digits of the key's hash.
    public let name: String

    private init(_ key: SigningKey) {
        self.key = key
        name = HeadSigner.name(of: key.publicKey)
    }

    private static func name(of publicKey: [UInt8]) -> String {
        "wardline-" + sha256(publicKey).hexadecimal.prefix(8)
    }

    /// The origin line of a stream's heads.
    public static func origin(_ name: String, _ stream: String) -> String { name + "/" + stream }

    /// The store's key, made if there is none: the secret for its owner only, the public keys beside it.
    public static func open(_ store: StorePaths, storage: any LogStorage) throws(WardlineError) -> HeadSigner
    {
        do throws(StorageError) {
            try storage.makeDirectories(store.keys)
            if try (storage.size(store.headSecret) ?? 0) == 0 {
                // Closed to others before it holds the secret; empty after a crash in between.
                try storage.writeAtomically([], to: store.headSecret)
                if storage is POSIXStorage { try restrictToOwner(store.headSecret) }
                let file = try storage.open(store.headSecret, .update)
                try file.write(Array((Base64Text.text(SigningKey().secret) + "\n").utf8).span, at: 0)
                try file.synchronise()
            }
            let text = String(decoding: try storage.readFile(store.headSecret), as: UTF8.self)
            guard let secret = Base64Text.bytes(text.dropLast()), let key = SigningKey(secret: secret) else {
                throw StorageError(.read, store.headSecret, 0)
            }
            let signer = HeadSigner(key)
            if try !storage.exists(store.headPublic) {
                try storage.writeAtomically(Array(signer.publicText.utf8), to: store.headPublic)
            }
            return signer
        } catch {
            throw WardlineError(
                .storage,
                "The key that signs heads cannot be read or made: check the store's permissions.",
                cause: error.description,
                location: store.headSecret
            )
        }
    }

    /// The public keys of the streams, a line each.
    public var publicText: String {
        ["records", "journal"].compactMap {
            NoteKey(name: HeadSigner.origin(name, $0), publicKey: key.publicKey)?.text
        }.joined(separator: "\n") + "\n"
    }

    /// Signs lines of text as the owner of a stream; nil only when they have a wrong form.
    public func note(_ body: String, stream: String) -> SignedNote? {
        SignedNote(body, name: HeadSigner.origin(name, stream), key: key)
    }

    /// Signs the ends of the segments that `writer` has sealed, for commands that seal without a daemon.
    public func signSeals(
        of writer: LogWriter,
        storage: any LogStorage,
        path: String,
        stream: String
    ) throws(StorageError) {
        for tree in writer.takeSealedTrees() {
            guard let head = head(tree, stream) else { continue }
            try HeadFile.append(head, storage: storage, path: path, stream: stream)
        }
    }

    func head(_ state: TreeState, _ stream: String) -> SignedHead? {
        SignedHead(
            origin: HeadSigner.origin(name, stream),
            size: state.size.value,
            root: state.root,
            key: key
        )
    }
}
