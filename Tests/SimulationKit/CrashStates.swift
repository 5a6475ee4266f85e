// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Platform

/// What a crash leaves of names that were not made durable.
public enum CrashModel: Hashable, Sendable, CaseIterable {
    /// A name is durable only after its directory was synchronised.
    case posix
    /// As ext4 does: synchronising a file makes its own name durable too.
    case ext4
}

/// One disk as a crash may leave it, with what had been promised by then.
public struct CrashState: Sendable {
    /// The disk after restart.
    public var storage: RecordingStorage
    /// Everything below this offset was acknowledged.
    public var acknowledgedEnd: UInt64
    /// Operations that had been issued.
    public var cut: Int
    /// Seed of this state.
    public var seed: UInt64
}

/// Builds the disks that a crash may leave: after every operation, any subset of the unsynchronised 512-byte
/// sectors and of the unsynchronised names is there.
///
/// Subsets are seeded, so a state is named by (cut, seed).
public struct CrashStates: Sendable {
    /// What a device writes at once.
    public static let sectorSize = 512

    private let operations: [DiskOperation]
    private let model: CrashModel

    /// Prepares to crash what was recorded.
    public init(_ operations: [DiskOperation], model: CrashModel) {
        self.operations = operations
        self.model = model
    }

    /// Number of places to crash: after none, one, up to all operations.
    public var cutCount: Int { operations.count + 1 }

    /// The disk after a crash that came when `cut` operations were issued.
    ///
    /// Seed 0 keeps everything, seed 1 only what is durable, others a random subset with torn and reordered
    /// writes.
    public func state(cut: Int, seed: UInt64) -> CrashState {
        var disk = SettlingDisk(model: model, seed: seed &* 0x1_0000 &+ UInt64(cut), mode: seed)
        var acknowledged: UInt64 = 0
        for operation in operations[0..<cut] {
            if case .acknowledge(let end) = operation { acknowledged = max(acknowledged, end) }
            disk.apply(operation)
        }
        return CrashState(storage: disk.settle(), acknowledgedEnd: acknowledged, cut: cut, seed: seed)
    }
}

/// Durable state plus what is pending, for one crash.
private struct SettlingDisk {
    private enum NameChange {
        case create(String, Int)
        case makeDirectory(String)
        case rename(String, String)
        case remove(String)

        var directories: [String] {
            switch self {
            case .create(let path, _), .makeDirectory(let path), .remove(let path): [parentPath(path)]
            case .rename(let path, let target): [parentPath(path), parentPath(target)]
            }
        }
    }

    private enum Content {
        case write(Int, [UInt8])
        case length(Int)
    }

    let model: CrashModel
    let mode: UInt64
    var generator: SeededGenerator
    private var names: [String: Int] = [:]
    private var directories: Set<String> = [".", "/", ""]
    private var pendingNames: [NameChange] = []
    private var files: [Int: [UInt8]] = [:]
    private var pendingContent: [Int: [Content]] = [:]

    init(model: CrashModel, seed: UInt64, mode: UInt64) {
        self.model = model
        self.mode = mode
        generator = SeededGenerator(seed: seed)
    }

    mutating func apply(_ operation: DiskOperation) {
        switch operation {
        case .create(let path, let file):
            files[file] = []
            pendingNames.append(.create(path, file))
        case .write(let file, let position, let bytes):
            pendingContent[file, default: []].append(.write(position, bytes))
        case .truncate(let file, let length): pendingContent[file, default: []].append(.length(length))
        case .synchronise(let file):
            for change in pendingContent.removeValue(forKey: file) ?? [] { put(change, file) }
            if model == .ext4 { settleNames { if case .create(_, file) = $0 { true } else { false } } }
        case .makeDirectory(let path): pendingNames.append(.makeDirectory(path))
        case .rename(let path, let target): pendingNames.append(.rename(path, target))
        case .remove(let path): pendingNames.append(.remove(path))
        case .synchroniseDirectory(let path): settleNames { $0.directories.contains(path) }
        case .acknowledge: break
        }
    }

    private mutating func settleNames(_ isDurable: (NameChange) -> Bool) {
        var rest: [NameChange] = []
        for change in pendingNames {
            if isDurable(change) { put(change) } else { rest.append(change) }
        }
        pendingNames = rest
    }

    private mutating func put(_ change: NameChange) {
        switch change {
        case .create(let path, let file): names[path] = file
        case .makeDirectory(let path): directories.insert(path)
        case .rename(let path, let target):
            if let file = names.removeValue(forKey: path) { names[target] = file }
        case .remove(let path): names[path] = nil
        }
    }

    private mutating func put(_ change: Content, _ file: Int) {
        var bytes = files[file] ?? []
        switch change {
        case .write(let position, let part): RecordingFile.put(part, at: position, into: &bytes)
        case .length(let length): RecordingFile.setLength(length, of: &bytes)
        }
        files[file] = bytes
    }

    private mutating func isKept() -> Bool {
        switch mode {
        case 0: true
        case 1: false
        default: Bool.random(using: &generator)
        }
    }

    /// Lets chance decide what of the pending changes reached the disk.
    mutating func settle() -> RecordingStorage {
        for change in pendingNames where isKept() { put(change) }
        for (file, changes) in pendingContent.sorted(by: { $0.key < $1.key }) {
            for change in changes { tear(change, file) }
        }
        var result: [String: [UInt8]] = [:]
        for (path, file) in names where hasParents(path) { result[path] = files[file] ?? [] }
        return RecordingStorage(files: result, directories: directories.filter(hasParents).sorted())
    }

    private mutating func tear(_ change: Content, _ file: Int) {
        guard case .write(let position, let bytes) = change else {
            if isKept() { put(change, file) }
            return
        }
        var start = 0
        while start < bytes.count {
            let sectorEnd =
                ((position + start) / CrashStates.sectorSize + 1) * CrashStates.sectorSize - position
            let end = min(bytes.count, sectorEnd)
            if isKept() { put(.write(position + start, Array(bytes[start..<end])), file) }
            start = end
        }
    }

    private func hasParents(_ path: String) -> Bool {
        let parent = parentPath(path)
        return parent == path || directories.contains(parent) && (parent == "." || hasParents(parent))
    }
}
