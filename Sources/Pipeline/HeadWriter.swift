// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel
import Platform
import SegmentLog
import Synchronization

/// Signs and keeps the heads of one stream while it grows.
///
/// A head that cannot be kept is tried again at the next chance: it tells less, never anything wrong. That it
/// cannot is reported once, until one could again.
final class HeadWriter: Sendable {
    private struct State {
        var size = Offset.zero
        var time: UTCTime?
        /// Whether the newest head could not be kept.
        var isFailing = false
    }

    private let signer: HeadSigner
    private let storage: any LogStorage
    private let path: String
    private let stream: String
    private let state = Mutex(State())
    private let report: @Sendable (String) -> Void

    init(
        _ signer: HeadSigner,
        storage: any LogStorage,
        path: String,
        stream: String,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.report = report
        self.signer = signer
        self.storage = storage
        self.path = path
        self.stream = stream
        let newest = try? HeadFile.newest(storage: storage, path: path, stream: stream)
        state.withLock { $0.size = newest.map { Offset($0.size) } ?? .zero }
    }

    /// Signs what is durable if the stream grew and the last head of this run is old enough.
    func signIfDue(_ tree: @autoclosure () -> TreeState, _ now: UTCTime) {
        let isDue = state.withLock { state in
            guard let time = state.time else {
                state.time = now
                return false
            }
            return now.nanoseconds &- time.nanoseconds >= HeadSigner.intervalNanoseconds
        }
        if isDue { sign(tree(), now) }
    }

    /// Signs the end of a segment, also when a later head was signed already: with it the segment is provable
    /// by itself.
    func signSeal(_ tree: TreeState) {
        guard let head = signer.head(tree, stream) else { return }
        state.withLock { state in
            keep(head, &state)
            state.size = max(state.size, tree.size)
        }
    }

    /// Whether the head is kept now.
    @discardableResult private func keep(_ head: SignedHead, _ state: inout State) -> Bool {
        do throws(StorageError) {
            try HeadFile.append(head, storage: storage, path: path, stream: stream)
            state.isFailing = false
        } catch {
            if !state.isFailing {
                report(
                    "warning: the signed heads of \(stream) cannot be kept, so that nothing proves what "
                        + "comes from now on: \(error.description). Make \(path)/\(stream)/heads writable."
                )
            }
            state.isFailing = true
        }
        return !state.isFailing
    }

    /// Signs what is durable if the stream grew.
    func sign(_ tree: TreeState, _ now: UTCTime) {
        state.withLock { state in
            guard tree.size > state.size, let head = signer.head(tree, stream) else { return }
            guard keep(head, &state) else { return }
            state.size = tree.size
            state.time = now
        }
    }
}
