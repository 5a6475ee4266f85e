// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import Testing

@testable import Pipeline

/// How a fact names the files that come into force.
struct ActivatedFilesTests {
    private static let files = ["a.yml": "title: a", "b/c.yml": "title: \"c\"\n"].map { name, text in
        (name: name, bytes: Array(text.utf8))
    }.sorted { $0.name < $1.name }

    private static var named: [ActivatedFiles.File] {
        files.map { .init(name: $0.name, sha256: sha256($0.bytes).hexadecimal) }
    }

    /// Keeps the files and their manifest in a store; answers with the fact.
    private static func kept(_ sets: StoreSets) throws -> JSONValue {
        let manifest = ActivatedFiles.manifest(of: named)
        for bytes in files.map(\.bytes) + [manifest] {
            try sets.storage.makeDirectories(parentPath(sets.store.set("x")))
            try sets.storage.writeAtomically(bytes, to: sets.store.set(sha256(bytes).hexadecimal))
        }
        return ActivatedFiles.fact(role: "rules", manifest: sha256(manifest).hexadecimal, count: 2)
    }

    @Test func `a list in the fact and a manifest name the same files`() throws {
        let folder = try TemporaryFolder()
        let sets = StoreSets(store: StorePaths(folder.path), storage: POSIXStorage())
        let list = Self.named.map { file in
            JSONValue.object([.init("name", .text(file.name)), .init("sha256", .text(file.sha256))])
        }
        let older = JSONValue.object([.init("role", .text("rules")), .init("files", .array(list))])
        for fact in [try Self.kept(sets), older] {
            let (found, refused) = sets.files(fact)
            #expect(found?.map(\.name) == Self.files.map(\.name))
            #expect(found?.map(\.bytes) == Self.files.map(\.bytes))
            #expect(refused.isEmpty)
        }
    }

    @Test func `an altered file is left out alone, and without the list all stays as it was`() throws {
        let folder = try TemporaryFolder()
        let sets = StoreSets(store: StorePaths(folder.path), storage: POSIXStorage())
        let fact = try Self.kept(sets)
        var content = JudgeContent(sets: sets)
        #expect(content.apply(.activation, fact).change == .rules)
        try sets.storage.writeAtomically([0x61], to: sets.store.set(Self.named[1].sha256))
        #expect(sets.files(fact).files?.map(\.name) == ["a.yml"])
        #expect(sets.files(fact).refused.count == 1)
        let hash = try #require(fact["manifest"]?.text)
        try sets.storage.writeAtomically(Array("{\"files\":[]}".utf8), to: sets.store.set(hash))
        #expect(sets.files(fact).files == nil)
        let (change, refused) = content.apply(.activation, fact)
        #expect(change.isEmpty && refused.count == 1)
    }

    @Test(arguments: ["", "title: a", "{}", "{\"files\":[{\"name\":\"a\"}]}", "{\"files\":{}}"])
    func `what is no manifest lists nothing`(_ text: String) {
        #expect(ActivatedFiles.files(ofManifest: Array(text.utf8)) == nil)
    }
}
