// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Pipeline
public import Platform
public import SiteFiles
import Synchronization

/// Reads files while others write them, on one thread, a look every quarter of a second.
///
/// Each batch of lines carries the position behind it into the log (decision 0026): after `kill -9` or a
/// power failure the next start goes on behind the last line that is stored, and no line is stored twice.
public final class FileFollower: Sendable {
    /// Time between two looks, in nanoseconds.
    static let lookNanoseconds: Int64 = 250_000_000
    /// Time between two copies of the positions, in nanoseconds.
    static let saveNanoseconds: Int64 = 10_000_000_000
    /// A look is late after this time: what it finds was written at a time that nobody saw.
    static let freshNanoseconds: Int64 = 5_000_000_000

    /// What was asked to be followed.
    struct Setting: Sendable {
        var definitions: [FollowDefinition]
        var positions: FollowPositions
        var sizeMaxBytes: Int
        var intake: IntakeQueue
        var clock: any WallClock
        var storage: any LogStorage
        var storePath: String
    }

    private let counters: [ListenerCounters]
    /// Never given anything: waiting on it is a pause that ``stop()`` ends.
    private let pause = HandoverQueue<Never>(capacity: 1)
    private let thread: Mutex<WorkerThread?>

    /// Starts following.
    ///
    /// - Parameters:
    ///   - definitions: What to follow.
    ///   - limits: The cap of a record.
    ///   - intake: Takes the records.
    ///   - clock: Tells when lines were received.
    ///   - storage: The disk of the store.
    ///   - storePath: The store, whose log says how far files were read; nothing else may append positions to
    ///     it.
    /// - Throws: `storage` when the log cannot be read, `internal` without a thread.
    public init(
        _ definitions: [FollowDefinition],
        limits: Configuration.Limits,
        intake: IntakeQueue,
        clock: any WallClock = SystemWallClock(),
        storage: any LogStorage = POSIXStorage(),
        storePath: String
    ) throws(WardlineError) {
        guard !definitions.isEmpty else {
            counters = []
            thread = Mutex(nil)
            return
        }
        let positions = try FollowPositions.load(storage: storage, path: storePath)
        let setting = Setting(
            definitions: definitions,
            positions: positions,
            sizeMaxBytes: limits.lineSizeMaxBytes,
            intake: intake,
            clock: clock,
            storage: storage,
            storePath: storePath
        )
        let shared = definitions.map { FileFollower.counters($0) }
        counters = shared
        do {
            let pause = pause
            thread = Mutex(try WorkerThread("wl-follow") { FileFollower.run(setting, shared, pause) })
        } catch {
            throw WardlineError(
                .internal,
                "Following files could not start its thread.",
                cause: error.description
            )
        }
    }

    /// What was read of each entry; `connections` counts its open files.
    public var status: [ListenerStatus] { counters.map(\.status) }

    /// Reads what is there now, then ends; a line without an end is left for the next start.
    ///
    /// Blocks until all of it is in the intake.
    public func stop() {
        pause.close()
        thread.withLock { thread in
            let running = thread
            thread = nil
            return running
        }?.join()
    }

    private static func counters(_ definition: FollowDefinition) -> ListenerCounters {
        ListenerCounters(
            ListenerStatus(
                name: definition.name,
                address: definition.path,
                transport: "file",
                wireProtocol: definition.wireProtocol.rawValue
            )
        )
    }

    private static func run(
        _ setting: Setting,
        _ counters: [ListenerCounters],
        _ pause: HandoverQueue<Never>
    ) {
        let patterns = zip(setting.definitions, counters).map { definition, counters in
            FollowedPattern(
                definition,
                counters: counters,
                positions: setting.positions,
                sizeMaxBytes: setting.sizeMaxBytes,
                intake: setting.intake,
                clock: setting.clock
            )
        }
        var lastLook = monotonicNanoseconds()
        var nextSave = lastLook
        while true {
            let isLast = pause.isClosed
            let now = monotonicNanoseconds()
            for pattern in patterns where !pattern.isRefused {
                pattern.look(now, isFresh: now - lastLook < freshNanoseconds, isLast: isLast)
            }
            lastLook = now
            if now >= nextSave || isLast {
                nextSave = now + saveNanoseconds
                save(patterns, setting)
            }
            if isLast || patterns.allSatisfy(\.isRefused) { return }
            _ = pause.take(waitingNanoseconds: lookNanoseconds)
        }
    }

    /// Leaves a copy of the positions, once what they say is durable.
    private static func save(_ patterns: [FollowedPattern], _ setting: Setting) {
        guard patterns.contains(where: \.hasMoved) else { return }
        var all = FollowPositions()
        for position in setting.positions.all { all.set(position) }
        for pattern in patterns {
            for position in pattern.positions.all where position.follow == pattern.definition.name {
                all.set(position)
            }
            pattern.hasMoved = false
        }
        // Without the copy the next start reads more of the log; nothing else depends on it.
        guard let durable = try? setting.intake.synchronise() else { return }
        try? all.save(durable, storage: setting.storage, path: setting.storePath)
    }
}
