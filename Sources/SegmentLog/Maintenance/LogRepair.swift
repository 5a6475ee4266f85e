// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Platform

/// What repairing a stream did, or would do.
public struct RepairReport: Hashable, Sendable {
    /// What was done to one file, in the order in which it was done.
    public struct Step: Hashable, Sendable {
        /// What was done.
        public enum Act: String, Hashable, Sendable, CaseIterable {
            /// Damaged bytes were copied beside their file.
            case keep
            /// Bytes after the last whole batch or block of the newest file were copied beside it and cut.
            case cut
            /// A file without a whole batch or block was copied beside and its name removed.
            case clear
            /// A segment that is not the newest one was given the footer that it lacked; what had stood
            /// after its last whole block was copied beside.
            case seal
            /// What a crash left of an unfinished copy or generation was removed.
            case tidy
        }

        /// What was done.
        public var act: Act
        /// The file, from the stream's directory.
        public var file: String
        /// Where the bytes lie that it is about.
        public var position: Int
        /// How many they are.
        public var length: Int

        /// Makes a step.
        public init(_ act: Act, file: String, position: Int, length: Int) {
            self.act = act
            self.file = file
            self.position = position
            self.length = length
        }
    }

    /// What was done.
    public internal(set) var steps: [Step] = []
    /// What cannot be helped: sealed files are left as they are, and what is missing stays missing.
    public internal(set) var remaining: [DamageNote] = []
    /// First offset that the next record gets.
    public internal(set) var end: Offset = .zero
    /// Records that are served.
    public internal(set) var records: UInt64 = 0
}

/// Brings a damaged stream to a state in which everything sound is served and records can be appended.
///
/// The caller has the store's lock. Nothing that was stored is lost: bytes are copied beside their file and
/// the copy is durable before the file is touched. Sealed segments are left as they are. Doing it again does
/// nothing.
///
/// - Parameters:
///   - storage: The disk.
///   - path: The store.
///   - stream: `records` or `journal`.
///   - isTrial: Whether only to tell what would be done.
/// - Returns: What was done, or would be, and what cannot be helped.
/// - Throws: ``LogError`` when the disk refuses or a file needs a newer version; what was done until then is
///   of use, and doing it again goes on.
/// - Complexity: O(bytes): every block is read, to tell what cannot be helped.
public func repairLog(
    storage: any LogStorage,
    path: String,
    stream: String,
    isTrial: Bool
) throws(LogError) -> RepairReport {
    var repair = try LogRepair(storage: storage, path: path, stream: stream)
    try repair.plan()
    if !isTrial { try repair.carryOut() }
    return try repair.finished()
}

/// A repair under way: first what is to be done is found, then it is done.
private struct LogRepair {
    private let storage: any LogStorage
    private let path: String
    private let stream: String
    private let directory: String
    private let contents: LogContents
    private var report = RepairReport()

    init(storage: any LogStorage, path: String, stream: String) throws(LogError) {
        self.storage = storage
        self.path = path
        self.stream = stream
        directory = FileNames.stream(path, stream)
        contents = try LogContents(storage, directory, stream)
    }

    // What is to be done.

    mutating func plan() throws(LogError) {
        for folder in ["", FileNames.walDirectory + "/"] { try planTidying(folder) }
        for scan in contents.writeAhead { try plan(scan) }
        for scan in contents.segments { try plan(scan) }
    }

    /// Copies and generations that a crash left unfinished: nothing refers to them.
    private mutating func planTidying(_ folder: String) throws(LogError) {
        let place = folder.isEmpty ? directory : directory + "/" + FileNames.walDirectory
        let names = try onDisk { () throws(StorageError) in
            try storage.exists(place) ? try storage.list(place) : []
        }
        for name in names {
            let isGeneration = name.hasSuffix(FileNames.segmentSuffix + FileNames.freshSuffix)
            let isCopy = [FileNames.tornSuffix, FileNames.damagedSuffix].contains {
                name.hasSuffix($0 + ".tmp")
            }
            guard isGeneration || isCopy else { continue }
            let size = try onDisk { () throws(StorageError) in try storage.size(place + "/" + name) ?? 0 }
            report.steps.append(RepairReport.Step(.tidy, file: folder + name, position: 0, length: size))
        }
    }

    private mutating func plan(_ scan: WriteAheadScan) throws(LogError) {
        let isLast = scan.base == contents.writeAhead.last?.base
        guard scan.hasTail || !scan.gaps.isEmpty else { return }
        if isLast, scan.parts.isEmpty {
            return add(.clear, scan.fileName, 0..<scan.size)
        }
        for gap in scan.gaps where !(isLast && gap.lowerBound >= scan.validEnd) {
            try addKeeping(scan.fileName, gap)
        }
        if isLast, scan.hasTail { add(.cut, scan.fileName, scan.validEnd..<scan.size) }
    }

    private mutating func plan(_ scan: SegmentScan) throws(LogError) {
        let isLast = scan.base == contents.segments.last?.base
        if isLast, scan.footer == nil, scan.parts.isEmpty {
            return scan.size > 0 ? add(.clear, scan.fileName, 0..<scan.size) : ()
        }
        let isOpen = scan.footer == nil && !scan.parts.isEmpty
        for gap in scan.gaps where !(isOpen && gap.lowerBound >= scan.validEnd) {
            try addKeeping(scan.fileName, gap)
        }
        guard isOpen else { return }
        if isLast {
            if scan.hasTail { add(.cut, scan.fileName, scan.validEnd..<scan.size) }
        } else {
            add(.seal, scan.fileName, scan.validEnd..<scan.size)
        }
    }

    private mutating func add(_ act: RepairReport.Step.Act, _ file: String, _ range: Range<Int>) {
        report.steps.append(
            RepairReport.Step(act, file: file, position: range.lowerBound, length: range.count)
        )
    }

    /// Damaged bytes of a file that stays: to be copied, unless they were before.
    private mutating func addKeeping(_ name: String, _ gap: Range<Int>) throws(LogError) {
        let isKept = try onDisk { () throws(StorageError) -> Bool in
            let source = try storage.open(directory + "/" + name, .read)
            var number = 1
            while true {
                let copy =
                    directory + "/"
                    + FileNames.evidence(name, gap.lowerBound, FileNames.damagedSuffix, number: number)
                guard try storage.exists(copy) else { return false }
                if try storage.isCopy(copy, of: source, gap) { return true }
                number += 1
            }
        }
        if !isKept { add(.keep, name, gap) }
    }

    // Doing it.

    mutating func carryOut() throws(LogError) {
        guard !report.steps.isEmpty else { return }
        for step in report.steps {
            switch step.act {
            case .tidy:
                try onDisk { () throws(StorageError) in try storage.remove(directory + "/" + step.file) }
            case .seal: try seal(step.file)
            case .keep: try copyAside(step, FileNames.damagedSuffix)
            // Opening for writing does these: it copies the bytes beside, then cuts.
            case .cut, .clear: continue
            }
        }
        let writer = try LogWriter.open(storage: storage, path: path, stream: stream)
        try writer.close()
    }

    private func copyAside(_ step: RepairReport.Step, _ suffix: String) throws(LogError) {
        try onDisk { () throws(StorageError) in
            let range = step.position..<step.position + step.length
            _ = try storage.copyAside(directory + "/" + step.file, range, suffix)
        }
    }

    /// Writes the whole blocks of a segment anew with a footer, reads them back, and puts them in its place.
    private func seal(_ name: String) throws(LogError) {
        guard let scan = contents.segments.first(where: { $0.fileName == name }) else { return }
        let (old, fresh) = (directory + "/" + name, directory + "/" + name + FileNames.freshSuffix)
        try onDisk { () throws(StorageError) in
            if !scan.hasHeader {
                _ = try storage.copyAside(old, 0..<min(FileHeader.size, scan.size), FileNames.damagedSuffix)
            }
            if scan.validEnd < scan.size {
                _ = try storage.copyAside(old, scan.validEnd..<scan.size, FileNames.damagedSuffix)
            }
        }
        let header = FileHeader(.segment, scan.base, stream: stream, generation: scan.generation).encoded()
        let source = try onDisk { () throws(StorageError) in try storage.open(old, .read) }
        let file = try onDisk { () throws(StorageError) in
            if try storage.exists(fresh) { try storage.remove(fresh) }
            let file = try storage.open(fresh, .create)
            try file.write(header.span, at: 0)
            return file
        }
        var position = FileHeader.size
        while position < scan.validEnd {
            let count = min(ActiveSegment.readSize, scan.validEnd - position)
            let bytes = try SegmentScan.read(source, position, count)
            guard !bytes.isEmpty else { throw .damaged(file: name, position: position) }
            try onDisk { () throws(StorageError) in try file.write(bytes.span, at: position) }
            position += bytes.count
        }
        let footer = try footer(of: scan, file)
        try onDisk { () throws(StorageError) in
            try file.write(footer.span, at: scan.validEnd)
            try file.synchronise()
        }
        let check = try SegmentScan(file, name: name, base: scan.base, stream: stream)
        guard check.footer != nil, check.end == scan.end, check.parts.count == scan.parts.count else {
            throw .damaged(file: name, position: scan.validEnd)
        }
        try onDisk { () throws(StorageError) in
            try storage.rename(fresh, to: old)
            try storage.synchroniseDirectory(directory)
        }
    }

    /// The footer that the segment would have had, as far as what lies before and in it is whole.
    private func footer(of scan: SegmentScan, _ file: any LogFile) throws(LogError) -> [UInt8] {
        var before = StreamFrontier()
        for segment in contents.segments where segment.base < scan.base { _ = before.advance(to: segment) }
        let frontier = before.advance(to: scan)
        var sets: HeaderSets? = HeaderSets()
        for part in scan.parts {
            let events = try? part.readStored().events
            if let events { sets?.formUnion(HeaderSets([events])) } else { sets = nil }
        }
        let active = ActiveSegment(
            scan,
            file: file,
            frontier: frontier,
            tree: frontier == nil ? nil : before.tree,
            sets: sets
        )
        return try active.footer().encoded()
    }

    /// What was done, and what is there now.
    mutating func finished() throws(LogError) -> RepairReport {
        let after = try verifyLog(storage: storage, path: path, stream: stream)
        report.remaining = after.damage.filter { note in
            // In a trial, what the steps are about is not yet done.
            !report.steps.contains { $0.act == .seal && $0.file == note.file && note.reason == .unsealed }
        }
        report.records = after.records
        report.end = after.end
        return report
    }
}
