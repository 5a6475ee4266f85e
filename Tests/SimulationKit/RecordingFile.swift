// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Platform
import Synchronization

/// One open file of a ``RecordingStorage``.
final class RecordingFile: LogFile {
    let path: String
    private let storage: RecordingStorage
    private let number: Int

    init(_ storage: RecordingStorage, _ path: String, _ number: Int) {
        self.storage = storage
        self.path = path
        self.number = number
    }

    func size() throws(StorageError) -> Int { storage.state.withLock { $0.files[number].count } }

    func writeSome(_ bytes: Span<UInt8>, at position: Int) throws(StorageError) -> Int {
        var copy: [UInt8] = []
        for index in bytes.indices { copy.append(bytes[index]) }
        let all = copy
        return try storage.change { (state) throws(StorageError) in
            let fault = try RecordingStorage.meet(&state, .write, path)
            var part = all
            if fault == .short { part = Array(all.prefix(max(1, all.count / 2))) }
            let growth = max(0, position + part.count - state.files[number].count)
            let space = state.capacityBytes - RecordingStorage.used(state)
            if growth > space {
                // As a real disk does: what fits is taken, then nothing is.
                part = Array(part.prefix(max(0, part.count - growth + space)))
                guard !part.isEmpty else { throw StorageError(.write, path, 28) }
            }
            RecordingFile.put(part, at: position, into: &state.files[number])
            state.operations.append(.write(file: number, position: position, bytes: part))
            return part.count
        }
    }

    static func put(_ bytes: [UInt8], at position: Int, into file: inout [UInt8]) {
        let end = position + bytes.count
        if file.count < end { file.append(contentsOf: [UInt8](repeating: 0, count: end - file.count)) }
        file.replaceSubrange(position..<end, with: bytes)
    }

    static func setLength(_ length: Int, of file: inout [UInt8]) {
        if file.count > length {
            file.removeLast(file.count - length)
        } else {
            file.append(contentsOf: [UInt8](repeating: 0, count: length - file.count))
        }
    }

    func read(at position: Int, count: Int) throws(StorageError) -> [UInt8] {
        storage.state.withLock { state in
            let bytes = state.files[number]
            guard position < bytes.count else { return [] }
            return Array(bytes[position..<min(bytes.count, position + count)])
        }
    }

    func synchronise() throws(StorageError) {
        try storage.change { (state) throws(StorageError) in
            _ = try RecordingStorage.meet(&state, .synchronise, path)
            state.operations.append(.synchronise(file: number))
        }
    }

    func truncate(to length: Int) throws(StorageError) {
        try storage.change { (state) throws(StorageError) in
            _ = try RecordingStorage.meet(&state, .truncate, path)
            RecordingFile.setLength(length, of: &state.files[number])
            state.operations.append(.truncate(file: number, length: length))
        }
    }

    func preallocate(to length: Int) throws(StorageError) {
        try storage.change { (state) throws(StorageError) in
            _ = try RecordingStorage.meet(&state, .preallocate, path)
            let growth = max(0, length - state.files[number].count)
            guard growth <= state.capacityBytes - RecordingStorage.used(state) else {
                throw StorageError(.preallocate, path, 28)
            }
            guard growth > 0 else { return }
            RecordingFile.setLength(length, of: &state.files[number])
            state.operations.append(.truncate(file: number, length: length))
        }
    }
}
