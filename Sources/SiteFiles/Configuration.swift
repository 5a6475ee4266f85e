// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// What `wardline serve` runs with: the values of a configuration file, or the defaults where it is silent.
///
/// Paths are as written; ``resolved(against:)`` makes relative ones relative to the folder of the file.
public struct Configuration: Hashable, Sendable {
    /// How device clocks are treated when events of several devices are put in order.
    public enum ClockCorrection: String, Hashable, Sendable, CaseIterable {
        /// By the measured difference between device time and receive time.
        case measured
        /// Device time is taken as it stands.
        case never
    }

    /// Which library compresses what arrives; any zlib reads what each of them writes.
    public enum Deflate: String, Hashable, Sendable, CaseIterable {
        /// libdeflate where the machine has it, else zlib.
        case auto
        /// zlib alone.
        case zlib
        /// libdeflate; zlib where the machine has none.
        case libdeflate
    }

    /// Bounds that protect the process from its senders.
    public struct Limits: Hashable, Sendable {
        /// Kept bytes of one record; the rest is cut and counted. Nil for the default of each transport.
        public var messageSizeMaxBytes: Int?
        /// Stream connections of one listener; further ones are refused.
        ///
        /// Each holds one socket and one carry buffer.
        public var connectionCountMax = 10_000
        /// Receive buffer asked of the kernel for each datagram listener.
        public var receiveBufferBytes = 16 * 1_048_576

        /// The defaults.
        public init() {}

        /// Kept bytes of a line of a file.
        public var lineSizeMaxBytes: Int { messageSizeMaxBytes ?? IntakeLimits.datagramSizeDefaultBytes }

        /// Kept bytes of one record of a listener.
        public func messageSizeMaxBytes(of listener: ListenerDefinition) -> Int {
            listener.limits.messageSizeMaxBytes ?? messageSizeMaxBytes
                ?? (listener.carrier == .udp || listener.carrier == .unix
                    ? IntakeLimits.datagramSizeDefaultBytes : IntakeLimits.frameSizeDefaultBytes)
        }
    }

    /// When appended records are made durable.
    public struct GroupCommit: Hashable, Sendable {
        /// Longest time that a record waits for its group, in nanoseconds.
        public var delayNanoseconds: Int64 = 20_000_000
        /// Bytes that close a group before its time.
        public var sizeMaxBytes = 4 * 1_048_576

        /// The defaults: 20 ms or 4 MiB.
        public init() {}
    }

    /// How long records are kept.
    public struct RetentionRule: Hashable, Sendable {
        /// Class of an event of the record; nil for any.
        public var eventClass: EventClass?
        /// Zone of an asset that takes part, or of its address; nil for any.
        public var zone: String?
        /// Nanoseconds from the log time on; nil for ever.
        public var keepNanoseconds: Int64?
        /// The rule in words, for tombstones.
        public var text: String

        /// Makes a rule.
        public init(eventClass: EventClass?, zone: String?, keepNanoseconds: Int64?, text: String) {
            self.eventClass = eventClass
            self.zone = zone
            self.keepNanoseconds = keepNanoseconds
            self.text = text
        }
    }

    /// Name of this node in facts; empty if not given.
    public var node = ""
    /// Folder of the store; nil if not given.
    public var data: String?
    /// Where to listen; ``defaultListeners`` if the file has no `listen`.
    public var listeners = Configuration.defaultListeners
    /// Files that are read while others write them.
    public var follow: [FollowDefinition] = []
    /// Bounds.
    public var limits = Limits()
    /// How device clocks are treated.
    public var clockCorrection = ClockCorrection.measured
    /// How late an event may come before its absence counts, in nanoseconds.
    public var latenessNanoseconds: Int64 = 300 * UTCTime.second
    /// Site files or folders of them, in order.
    public var site: [String] = []
    /// Rule files or folders; empty means those that ship.
    public var rules: [String] = []
    /// Decoder files or folders; empty means those that ship.
    public var decoders: [String] = []
    /// Durability.
    public var groupCommit = GroupCommit()
    /// What compresses.
    public var deflate = Deflate.auto
    /// How long records are kept, the first rule that fits an event counts; what none fits is kept for ever.
    public var retention: [RetentionRule] = []

    /// The defaults.
    public init() {}

    /// Loopback only: nobody is exposed by starting the service.
    public static let defaultListeners = [
        ListenerDefinition(name: "syslog-udp", .syslog, .udp, host: "127.0.0.1", port: 5_514),
        ListenerDefinition(name: "syslog-tcp", .syslog, .tcp, host: "127.0.0.1", port: 5_514),
        ListenerDefinition(name: "jsonl-udp", .jsonLines, .udp, host: "127.0.0.1", port: 5_515),
        ListenerDefinition(name: "jsonl-tcp", .jsonLines, .tcp, host: "127.0.0.1", port: 5_515),
    ]

    /// Reads a configuration file.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8 YAML, one document; see `schemas/config-v1.schema.json`.
    ///   - file: Name for error messages.
    /// - Throws: ``SiteFilesError`` at the first fault with line and column; a file is used whole or not at
    ///   all.
    public init(parsing bytes: [UInt8], file: String) throws(SiteFilesError) {
        self = try ConfigurationReader(file: file).configuration(
            of: try StrictYAML.document(in: bytes, file: file)
        )
    }

    /// The same with relative paths below `folder`, where the configuration file lies.
    public func resolved(against folder: String) -> Configuration {
        let absolute = { (path: String) in path.hasPrefix("/") ? path : folder + "/" + path }
        var result = self
        result.data = data.map(absolute)
        result.site = site.map(absolute)
        result.rules = rules.map(absolute)
        result.decoders = decoders.map(absolute)
        for index in follow.indices { result.follow[index].path = absolute(follow[index].path) }
        for index in listeners.indices where !listeners[index].extras.path.isEmpty {
            result.listeners[index].extras.path = absolute(listeners[index].extras.path)
        }
        for index in listeners.indices {
            result.listeners[index].security = listeners[index].security?.resolved(absolute)
            result.listeners[index].extras.tokenFile = listeners[index].extras.tokenFile.map(absolute)
        }
        return result
    }
}
