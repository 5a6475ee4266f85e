// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Synchronization

/// What a listener did so far, as `status` shows it.
public struct ListenerStatus: Hashable, Sendable {
    /// Name from the configuration.
    public var name: String
    /// `HOST:PORT` as bound, never with port 0; the path of a socket; the pattern of followed files.
    public var address: String
    /// `udp`, `tcp`, `tls`, `relp`, `http`, `unix` or `file`.
    public var transport: String
    /// `syslog`, `jsonl` or `gelf`.
    public var wireProtocol: String
    /// Records taken; datagrams without content count too.
    public var received: UInt64 = 0
    /// Bytes of them on the wire, without framing.
    public var bytes: UInt64 = 0
    /// Connections that are open.
    public var connections = 0
    /// Connections and datagrams refused, for whatever reason.
    public var refused: UInt64 = 0
    /// Times that a connection was held back by the rate limit.
    public var held: UInt64 = 0
    /// Datagrams dropped by the rate limit.
    public var rateDrops: UInt64 = 0
    /// What was refused or wrong, by the text that facts give as their reason.
    public var faults: [String: UInt64] = [:]
    /// Datagrams that the kernel dropped before we could read them.
    public var kernelDrops: UInt64 = 0
    /// Receive buffer that the kernel granted; 0 for streams.
    public var receiveBufferBytes = 0
    /// Records cut at the cap.
    public var truncated: UInt64 = 0
    /// What is known to have been sent and did not arrive whole: chunked messages with chunks missing, bytes
    /// of a followed file that were cut off before they were read.
    public var lost: UInt64 = 0
    /// Datagrams, requests and files that could not be read as what they claim to be.
    public var malformed: UInt64 = 0
    /// The last reason of a loss, refusal or malformed input; empty if there was none.
    public var fault = ""

    init(name: String, address: String, transport: String, wireProtocol: String) {
        self.name = name
        self.address = address
        self.transport = transport
        self.wireProtocol = wireProtocol
    }

    /// `syslog+udp://127.0.0.1:5514`.
    public var url: String { "\(wireProtocol)+\(transport)://\(address)" }

    /// One object for `status -o json`.
    public var json: JSONValue {
        .object([
            .init("name", .text(name)), .init("address", .text(address)),
            .init("transport", .text(transport)),
            .init("protocol", .text(wireProtocol)), .init("received", .integer(Int64(received))),
            .init("bytes", .integer(Int64(bytes))), .init("connections", .integer(Int64(connections))),
            .init("refused", .integer(Int64(refused))), .init("kernelDrops", .integer(Int64(kernelDrops))),
            .init("receiveBufferBytes", .integer(Int64(receiveBufferBytes))),
            .init("truncated", .integer(Int64(truncated))), .init("held", .integer(Int64(held))),
            .init("rateDrops", .integer(Int64(rateDrops))),
            .init(
                "faults",
                .object(
                    faults.sorted { $0.key < $1.key }.map { .init($0.key, .integer(Int64($0.value))) }
                )
            ),
            .init("lost", .integer(Int64(lost))), .init("malformed", .integer(Int64(malformed))),
            .init("fault", .text(fault)),
        ])
    }
}

/// Counters of one listener; locked once per batch.
final class ListenerCounters: Sendable {
    private let value: Mutex<ListenerStatus>

    init(_ status: ListenerStatus) { value = Mutex(status) }

    var status: ListenerStatus { value.withLock { $0 } }

    func update(_ change: (inout ListenerStatus) -> Void) { value.withLock { change(&$0) } }

    /// Counts a fault.
    func count(_ fault: IntakeFault) {
        update { status in
            status.faults[fault.rawValue, default: 0] += 1
            if fault.isRefusal { status.refused += 1 }
            if fault == .rateExceeded { status.rateDrops += 1 }
        }
    }

    /// Counts the rows that a batch gained from `first` on.
    func count(_ batch: RecordBatch, from first: Int) {
        var bytes = 0
        var truncated: UInt64 = 0
        for index in first..<batch.rows.count {
            bytes += batch.rows[index].originalLength
            if batch.rows[index].flags.contains(.truncated) { truncated += 1 }
        }
        let received = batch.rows.count - first
        update { status in
            status.received += UInt64(received)
            status.bytes += UInt64(bytes)
            status.truncated += truncated
        }
    }
}

/// When a batch is handed over: large enough to be cheap, early enough not to be noticed.
enum BatchBounds {
    /// Records of a batch.
    static let recordCount = 1_000
    /// Bytes of a batch.
    static let sizeBytes = 262_144
    /// Longest wait for more, in milliseconds.
    static let delayMilliseconds = 10

    static func isReached(_ batch: RecordBatch) -> Bool {
        batch.rows.count >= recordCount || batch.bytes.count >= sizeBytes
    }
}
