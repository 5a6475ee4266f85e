// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Platform

/// Damaged bytes are kept beside the file they were in, whatever happens to the file afterwards.
extension LogStorage {
    /// Copies a range of a file beside it and makes the copy durable; nothing when the same copy is there.
    ///
    /// - Returns: The path of the copy.
    func copyAside(_ path: String, _ range: Range<Int>, _ suffix: String) throws(StorageError) -> String {
        let source = try open(path, .read)
        var number = 1
        while true {
            let target = FileNames.evidence(path, range.lowerBound, suffix, number: number)
            guard try exists(target) else {
                try copy(source, range, to: target)
                return target
            }
            if try isCopy(target, of: source, range) { return target }
            number += 1
        }
    }

    /// Renames a file as damaged, whole.
    func moveAside(_ path: String, _ suffix: String) throws(StorageError) {
        var number = 1
        while try exists(FileNames.evidence(path, 0, suffix, number: number)) { number += 1 }
        try rename(path, to: FileNames.evidence(path, 0, suffix, number: number))
        try synchroniseDirectory(parentPath(path))
    }

    /// Whether a file holds exactly that range of another one.
    func isCopy(_ path: String, of source: any LogFile, _ range: Range<Int>) throws(StorageError) -> Bool {
        let copy = try open(path, .read)
        guard try copy.size() == range.count else { return false }
        var position = 0
        while position < range.count {
            let count = min(ActiveSegment.readSize, range.count - position)
            let original = try source.read(at: range.lowerBound + position, count: count)
            guard try copy.read(at: position, count: count) == original, !original.isEmpty else {
                return false
            }
            position += count
        }
        return true
    }

    private func copy(_ source: any LogFile, _ range: Range<Int>, to path: String) throws(StorageError) {
        let temporary = path + ".tmp"
        if try exists(temporary) { try remove(temporary) }
        let file = try open(temporary, .create)
        var position = 0
        while position < range.count {
            let count = min(ActiveSegment.readSize, range.count - position)
            let bytes = try source.read(at: range.lowerBound + position, count: count)
            guard !bytes.isEmpty else { break }
            try file.write(bytes.span, at: position)
            position += bytes.count
        }
        try file.synchronise()
        try rename(temporary, to: path)
        try synchroniseDirectory(parentPath(path))
    }
}
