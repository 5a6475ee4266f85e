// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Platform
import Synchronization

/// A disk in memory that remembers every change, can be told to fail, and can be rebuilt as a crash would
/// leave it.
///
/// Behaves as POSIX does: an open file stays readable after its name is gone.
public final class RecordingStorage: LogStorage {
    struct State: Sendable {
        var files: [[UInt8]] = []
        var names: [String: Int] = [:]
        var directories: Set<String> = [".", "/", ""]
        var operations: [DiskOperation] = []
        var fault: DiskFault?
        var attempts = 0
        var capacityBytes = Int.max
    }

    let state: Mutex<State>

    /// An empty disk.
    public init() { state = Mutex(State()) }

    /// A disk that holds these files, all durable, and the directories above them.
    public init(files: [String: [UInt8]], directories: [String] = []) {
        var initial = State()
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            initial.names[path] = initial.files.count
            initial.files.append(bytes)
            var parent = parentPath(path)
            while initial.directories.insert(parent).inserted { parent = parentPath(parent) }
        }
        initial.directories.formUnion(directories)
        state = Mutex(initial)
    }

    /// Every change so far.
    public var operations: [DiskOperation] { state.withLock { $0.operations } }

    /// Operations that could have failed so far.
    public var attempts: Int { state.withLock { $0.attempts } }

    /// The files by path.
    public var files: [String: [UInt8]] {
        state.withLock { state in state.names.mapValues { state.files[$0] } }
    }

    /// The directories.
    public var directories: [String] { state.withLock { $0.directories.sorted() } }

    /// Notes that the program promised everything below `end`.
    public func acknowledge(_ end: UInt64) {
        state.withLock { $0.operations.append(.acknowledge(end: end)) }
    }

    /// Sets what goes wrong from now on, counting operations from 1 again; nil for nothing.
    public func fail(_ fault: DiskFault?) {
        state.withLock {
            $0.fault = fault
            $0.attempts = 0
        }
    }

    /// Sets how many bytes the files may hold together.
    public func limit(toBytes capacity: Int) { state.withLock { $0.capacityBytes = capacity } }

    /// Bytes held by named files.
    public var usedBytes: Int { state.withLock { RecordingStorage.used($0) } }

    static func used(_ state: State) -> Int { state.names.values.reduce(0) { $0 + state.files[$1].count } }

    /// Counts an operation and gives the fault it meets.
    static func meet(
        _ state: inout State,
        _ operation: StorageError.Operation,
        _ path: String
    ) throws(StorageError) -> DiskFault.Kind? {
        if let fault = state.fault, fault.kind.isForWritesOnly, operation != .write { return nil }
        state.attempts += 1
        guard let fault = state.fault,
            state.attempts == fault.nth || (fault.isLasting && state.attempts > fault.nth)
        else { return nil }
        guard fault.kind == .short else { throw StorageError(operation, path, fault.kind.code) }
        return .short
    }

    /// Runs `body` on the state; typed throws do not pass through a lock, so the result carries the error.
    func change<Result: Sendable>(
        _ body: (inout sending State) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        let result: Swift.Result<Result, StorageError> = state.withLock { state in
            do throws(StorageError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// See ``LogStorage``.
    public func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any LogFile {
        let number = try change { (state) throws(StorageError) in
            if mode == .read {
                guard let number = state.names[path] else { throw StorageError(.open, path, 2) }
                return number
            }
            _ = try RecordingStorage.meet(&state, .open, path)
            if mode == .update {
                guard let number = state.names[path] else { throw StorageError(.open, path, 2) }
                return number
            }
            guard state.names[path] == nil else { throw StorageError(.open, path, 17) }
            guard state.directories.contains(parentPath(path)) else { throw StorageError(.open, path, 2) }
            let number = state.files.count
            state.files.append([])
            state.names[path] = number
            state.operations.append(.create(path: path, file: number))
            return number
        }
        return RecordingFile(self, path, number)
    }

    /// See ``LogStorage``.
    public func makeDirectory(_ path: String) throws(StorageError) {
        try change { (state) throws(StorageError) in
            _ = try RecordingStorage.meet(&state, .makeDirectory, path)
            if state.directories.insert(path).inserted { state.operations.append(.makeDirectory(path: path)) }
        }
    }

    /// See ``LogStorage``.
    public func list(_ path: String) throws(StorageError) -> [String] {
        try change { (state) throws(StorageError) in
            guard state.directories.contains(path) else { throw StorageError(.list, path, 2) }
            let all = Array(state.names.keys) + Array(state.directories)
            return all.filter { parentPath($0) == path && $0 != path && !$0.isEmpty }.map(lastPathPart)
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    /// See ``LogStorage``.
    public func rename(_ path: String, to target: String) throws(StorageError) {
        try change { (state) throws(StorageError) in
            _ = try RecordingStorage.meet(&state, .rename, path)
            guard let number = state.names.removeValue(forKey: path) else {
                throw StorageError(.rename, path, 2)
            }
            state.names[target] = number
            state.operations.append(.rename(path: path, target: target))
        }
    }

    /// See ``LogStorage``.
    public func remove(_ path: String) throws(StorageError) {
        try change { (state) throws(StorageError) in
            _ = try RecordingStorage.meet(&state, .remove, path)
            guard state.names.removeValue(forKey: path) != nil else { throw StorageError(.remove, path, 2) }
            state.operations.append(.remove(path: path))
        }
    }

    /// See ``LogStorage``.
    public func synchroniseDirectory(_ path: String) throws(StorageError) {
        try change { (state) throws(StorageError) in
            _ = try RecordingStorage.meet(&state, .synchroniseDirectory, path)
            state.operations.append(.synchroniseDirectory(path: path))
        }
    }

    /// See ``LogStorage``.
    public func size(_ path: String) throws(StorageError) -> Int? {
        state.withLock { state in
            if let number = state.names[path] { return state.files[number].count }
            return state.directories.contains(path) ? 0 : nil
        }
    }
}
