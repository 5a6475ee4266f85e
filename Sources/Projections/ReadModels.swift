// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import GRDB
import Synchronization

/// The SQLite read models of a store: incidents, reviews, sources, devices, imports, losses and totals.
///
/// A projection: everything in it is derived from the log, so it can be deleted and built again with equal
/// content (``orderedDump()``). Rows and checkpoint change in one transaction. One connection, used by one
/// caller at a time; a store's writer has one of mode `readWrite`, readers open their own.
public final class ReadModels: Sendable {
    /// What the owner may do with the file.
    public enum Mode: Sendable {
        /// Create, bring to the present schema, apply. One at a time: the holder of the store's LOCK.
        case readWrite
        /// Read while a writer may be at work, without writing anything; falls back to `immutable` where the
        /// medium refuses the side files that SQLite wants.
        case readOnly
        /// Read a file that nobody can write, as on read-only media.
        case immutable
        /// A private copy in memory, empty or filled by ``copy()``.
        case memory
    }

    /// What opening had to do.
    public enum Condition: Hashable, Sendable {
        /// The file was there and fits.
        case kept
        /// There was no file, or an empty one.
        case created
        /// The file had another format; its content was dropped and must be applied from offset zero.
        case emptied(reason: String)
    }

    /// Format of the tables; `user_version` of the file.
    ///
    /// A file of another format is emptied by the writer and refused by readers: it is cheaper to fold the
    /// log again than to keep migrations of derived data.
    public static let formatVersion = 5

    /// Most ids that an ambiguous look-up names: more do not help a person to choose.
    public static let candidateCountMax = 20

    /// How long a connection waits for another one, in seconds.
    ///
    /// A writer's transaction takes milliseconds.
    static let busyTimeoutSeconds = 5.0

    /// What opening had to do.
    public let condition: Condition
    /// What this owner may do.
    public let mode: Mode
    let queue: DatabaseQueue
    /// What is derived again from offset zero beside the stored rows; nil unless that is under way.
    let rebuild = Mutex<ReadModels?>(nil)

    /// Opens the read models at `path`.
    ///
    /// - Throws: `storage` where the file cannot be opened, `input` where a reader meets another format,
    ///   `integrity` where the file is damaged. It is derived data: its owner may then remove ``files(at:)``
    ///   and open again.
    public init(path: String, mode: Mode) throws(WardlineError) {
        let opened = try ReadModels.connect(path: path, mode: mode)
        queue = opened.queue
        self.mode = opened.mode
        guard opened.mode == .readWrite || opened.mode == .memory else {
            condition = .kept
            try ReadModels.check(opened.queue, path: path)
            return
        }
        condition = try ReadModels.prepare(opened.queue, path: path)
    }

    /// An empty set of read models in memory.
    public convenience init() throws(WardlineError) {
        try self.init(path: ":memory:", mode: .memory)
    }

    /// Every file that belongs to the read models at `path`, present or not.
    public static func files(at path: String) -> [String] { [path, path + "-wal", path + "-shm"] }

    /// How far the log is applied.
    public func checkpoint() throws(WardlineError) -> ProjectionCheckpoint {
        try read { try ReadModels.checkpoint($0) }
    }

    /// A copy in memory that can be brought up to date without touching the file.
    public func copy() throws(WardlineError) -> ReadModels {
        let copy = try ReadModels()
        try replaceContent(of: copy)
        return copy
    }

    /// Writes a copy to a new file at `path`, one file without side files, and synchronises it.
    public func copy(to path: String) throws(WardlineError) {
        let copy = try ReadModels.guarding("make \(path)") { try DatabaseQueue(path: path) }
        try ReadModels.guardingWrite("copy the read models", of: copy) { try queue.backup(to: copy) }
        try ReadModels.guarding("close \(path)") { try copy.close() }
    }

    /// Goes on from the copy at `path`, beside the stored rows, where those stand elsewhere.
    ///
    /// What is applied from there on replaces the stored rows once it has come as far.
    ///
    /// - Returns: The checkpoint of the copy.
    @discardableResult
    public func resume(from path: String) throws(WardlineError) -> ProjectionCheckpoint {
        let kept = try ReadModels(path: path, mode: .immutable)
        let start = try kept.checkpoint()
        guard try checkpoint().records != start.records else { return start }
        let copy = try kept.copy()
        rebuild.withLock { $0 = copy }
        return start
    }

    /// Makes `other` hold what this holds, in one transaction of `other`.
    func replaceContent(of other: ReadModels) throws(WardlineError) {
        try ReadModels.guardingWrite("copy the read models", of: other.queue) {
            try queue.backup(to: other.queue)
        }
    }

    /// Drops all rows and sets the checkpoint to zero, in one transaction.
    public func removeAll() throws(WardlineError) {
        try write { database in
            try ReadModels.dropTables(database)
            try ReadModels.createTables(database)
        }
    }

    /// Writes the file anew without the gaps that changes have left in it.
    ///
    /// - Complexity: O(bytes); no transaction may be open.
    public func compact() throws(WardlineError) {
        try requireWriting()
        try ReadModels.guardingWrite("compact the read models", of: queue) {
            try queue.writeWithoutTransaction { try $0.execute(sql: "VACUUM") }
        }
    }

    /// Ends the connection.
    ///
    /// A writer leaves one file without side files, so that readers on any medium can open it.
    public func close() throws(WardlineError) {
        if mode == .readWrite {
            // A reader that is open at this moment keeps the file in WAL form; the next close tries again.
            _ = try? queue.writeWithoutTransaction { database in
                try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
            }
        }
        try ReadModels.guarding("close the read models") { try queue.close() }
    }

    /// Reads in one transaction, so that the answer shows one state.
    func read<Answer>(_ body: (Database) throws -> Answer) throws(WardlineError) -> Answer {
        try ReadModels.guarding("read the read models") { try queue.read(body) }
    }

    /// Writes in one transaction: all of it or nothing.
    func write<Answer>(_ body: (Database) throws -> Answer) throws(WardlineError) -> Answer {
        try requireWriting()
        return try commit(body)
    }

    /// Refuses where this owner may only read.
    func requireWriting() throws(WardlineError) {
        guard mode == .readWrite || mode == .memory else {
            throw WardlineError(
                .internal,
                "The read models were opened for reading only.",
                location: queue.path
            )
        }
    }

    /// Writes without asking the mode: SQLite itself refuses where the connection may only read.
    func commit<Answer>(_ body: (Database) throws -> Answer) throws(WardlineError) -> Answer {
        try ReadModels.guardingWrite("write the read models", of: queue) { try queue.write(body) }
    }

    static func checkpoint(_ database: Database) throws -> ProjectionCheckpoint {
        let sql = "SELECT records_offset, journal_offset FROM checkpoint WHERE id = 1"
        guard let row = try Row.fetchOne(database, sql: sql) else { return .zero }
        return ProjectionCheckpoint(
            records: Offset(UInt64(bitPattern: row[0] as Int64)),
            journal: Offset(UInt64(bitPattern: row[1] as Int64))
        )
    }
}
