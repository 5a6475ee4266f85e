// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Ingest
import Pipeline
public import Platform
import SiteFiles

/// The service: one process that holds the store's lock, listens, judges, and answers on a control socket.
public final class Daemon: Sendable {
    /// What wakes the main thread.
    enum Event: Sendable {
        case stop
        case reload
    }

    /// Time between looks at the engine's health while nothing else happens, in nanoseconds.
    private static let healthCheckNanoseconds: Int64 = 500_000_000

    private let options: DaemonOptions
    private let content: DaemonContent
    private let events = HandoverQueue<Event>(capacity: 64)
    private let inventory = InventoryAddresses()

    /// Makes a daemon that does not run yet.
    public init(_ options: DaemonOptions, content: DaemonContent) {
        self.options = options
        self.content = content
    }

    /// Runs until a signal or ``stop()``: takes the lock, opens the store, listens, and says `ready`.
    ///
    /// SIGTERM and SIGINT drain and stop; a second one while stopping ends the process with 130; SIGHUP
    /// reads site, rule and decoder files and certificates again. Call from the main thread before others are
    /// started.
    /// Blocks.
    ///
    /// - Parameter signals: Nil in tests, where ``stop()`` and ``reload()`` stand for signals.
    /// - Returns: 0 after an orderly stop.
    /// - Throws: `busy` when another process has the store or an address; what made the log suspect.
    public func run(signals: SignalWaiter? = SignalWaiter()) throws(WardlineError) -> Int32 {
        // Every connection is a descriptor; the usual limit of a shell is a thousand.
        raiseDescriptorLimit()
        let lock = try takeLock()
        defer { withExtendedLifetime(lock) {} }
        let engine = try openEngine()
        var listeners: Listeners?
        var follower: FileFollower?
        var control: ControlServer?
        do throws(WardlineError) {
            try engine.start()
            activate(engine)
            learnInventory(engine)
            let opened = try Listeners(
                options.configuration.listeners,
                limits: options.configuration.limits,
                intake: engine.intake,
                inventory: inventory,
                clock: options.clock
            )
            listeners = opened
            let followed = try FileFollower(
                options.configuration.follow,
                limits: options.configuration.limits,
                intake: engine.intake,
                clock: options.clock,
                storage: options.storage,
                storePath: options.storePath
            )
            follower = followed
            control = try ControlServer(
                path: options.storePath + "/" + DaemonOptions.socketName,
                commands: DaemonCommands(
                    options: options,
                    content: content,
                    engine: engine,
                    listeners: opened,
                    follower: followed,
                    siteChanged: { self.learnInventory(engine) }
                )
            )
            if let signals { try watch(signals) }
            let urls = opened.status.map(\.url).joined(separator: " ")
            options.report("ready \(urls)\(urls.isEmpty ? "" : " ")store=\(options.storePath)")
            wait(engine, opened)
        } catch {
            control?.stop()
            follower?.stop()
            listeners?.stop()
            try? engine.stop()
            throw error
        }
        engine.endWaitingForSpace()
        control?.stop()
        follower?.stop()
        listeners?.stop()
        try engine.stop()
        return 0
    }

    /// Ends ``run(signals:)`` in order.
    public func stop() { _ = events.tryPut(.stop, weight: 1) }

    /// Reads site, rule and decoder files and certificates again.
    public func reload() { _ = events.tryPut(.reload, weight: 1) }

    private func wait(_ engine: Engine, _ listeners: Listeners) {
        while true {
            switch events.take(waitingNanoseconds: Daemon.healthCheckNanoseconds) {
            case .stop: return
            case .reload:
                activate(engine)
                learnInventory(engine)
                listeners.reload(options.report)
            case nil: if engine.status.state == .suspect { return }
            }
        }
    }

    private func activate(_ engine: Engine) {
        for batch in content.facts(options.report) { _ = engine.intake.put(batch) }
    }

    /// Learns which addresses are bound to assets, where a listener asks for it.
    private func learnInventory(_ engine: Engine) {
        guard options.configuration.listeners.contains(where: { $0.limits.allowed == .inventory }) else {
            return
        }
        do throws(WardlineError) {
            // The site files in force are those that the log says.
            _ = try engine.synchronise()
            inventory.replace(try content.addresses())
        } catch {
            options.report("error: the addresses of the inventory stay as they were: \(error)")
        }
    }

    private func takeLock() throws(WardlineError) -> FileLock {
        do throws(StorageError) {
            try options.storage.makeDirectories(options.storePath)
            return try FileLock(options.storePath + "/" + DaemonOptions.lockName)
        } catch {
            guard error.isHeld else {
                throw WardlineError(
                    .storage,
                    "The store cannot be opened: check the path and its permissions.",
                    cause: error.description,
                    location: options.storePath
                )
            }
            let status = try? ControlClient(storePath: options.storePath).send(
                ControlClient.request("status")
            )
            let holder = status?["pid"]?.integer.map { " (process \($0))" } ?? ""
            throw WardlineError(
                .busy,
                "Another process\(holder) has the store. Stop it, or use another data folder.",
                location: options.storePath
            )
        }
    }

    private func openEngine() throws(WardlineError) -> Engine {
        let signer = try HeadSigner.open(StorePaths(options.storePath), storage: options.storage)
        let records = try LogOwner(
            storage: options.storage,
            path: options.storePath,
            stream: "records",
            hasColumns: true,
            options: options.configuration.logOptions,
            clock: options.clock,
            signer: signer,
            report: options.report
        )
        let journal = try LogOwner(
            storage: options.storage,
            path: options.storePath,
            stream: "journal",
            hasColumns: false,
            options: options.configuration.logOptions,
            clock: options.clock,
            signer: signer,
            report: options.report
        )
        let judgement = try content.open()
        var engineOptions = Engine.Options()
        engineOptions.groupDelayNanoseconds = options.configuration.groupCommit.delayNanoseconds
        engineOptions.groupSizeMaxBytes = options.configuration.groupCommit.sizeMaxBytes
        engineOptions.version = options.version
        engineOptions.report = options.report
        engineOptions.clock = options.clock
        return Engine(
            records: records,
            journal: journal,
            judge: judgement.judge,
            options: engineOptions,
            apply: judgement.apply,
            keep: judgement.keep,
            close: judgement.close
        )
    }

    private func watch(_ signals: SignalWaiter) throws(WardlineError) {
        let (events, exitNow) = (events, options.exitNow)
        do throws(StorageError) {
            // Not joined: it waits for signals as long as the process lives.
            let isStopping = HandoverQueue<Bool>(capacity: 1)
            _ = try signals.start { signal in
                if signal == .hangUp {
                    _ = events.tryPut(.reload, weight: 1)
                } else if isStopping.tryPut(true, weight: 1) {
                    _ = events.put(.stop, weight: 1)
                } else if signal == .interrupt {
                    exitNow(130)
                }
                return true
            }
        } catch {
            throw WardlineError(.internal, "Signals cannot be watched.", cause: error.description)
        }
    }
}
