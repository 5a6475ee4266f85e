// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// What this process has used so far.
public struct ProcessResources: Hashable, Sendable {
    /// Resident memory now, in bytes.
    public var residentBytes: Int
    /// Greatest resident memory so far, in bytes.
    public var residentMaxBytes: Int
    /// Processor time in user and kernel mode, in nanoseconds.
    public var processorNanoseconds: Int64
}

/// What this process has used so far; zeros where the system does not say.
public func processResources() -> ProcessResources {
    var usage = rusage()
    // Valid: `usage` outlives the call.
    unsafe _ = getrusage(RUSAGE_SELF.rawValue, &usage)
    let user = Int64(usage.ru_utime.tv_sec) * 1_000_000 + Int64(usage.ru_utime.tv_usec)
    let system = Int64(usage.ru_stime.tv_sec) * 1_000_000 + Int64(usage.ru_stime.tv_usec)
    var pages = 0
    if let text = try? readVirtualFile("/proc/self/statm") {
        let parts = text.split(separator: 0x20)
        if parts.count > 1 { pages = Int(String(decoding: parts[1], as: UTF8.self)) ?? 0 }
    }
    return ProcessResources(
        residentBytes: pages * Int(sysconf(Int32(_SC_PAGESIZE))),
        residentMaxBytes: usage.ru_maxrss * 1_024,
        processorNanoseconds: (user + system) * 1_000
    )
}

/// Lets this process open as many files and sockets as the system allows it.
///
/// - Returns: How many that is; 0 where the system does not say.
@discardableResult public func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    // Valid in both: `limit` outlives the call.
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    limit.rlim_cur = limit.rlim_max
    unsafe _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return Int(clamping: limit.rlim_cur)
}

/// The real path of the running program, nil when the system does not say.
public func executablePath() -> String? {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    // Valid: at most the buffer's length is written.
    let count = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
        guard let start = bytes.baseAddress else { return 0 }
        return unsafe readlink("/proc/self/exe", start.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return count > 0 ? String(decoding: buffer[0..<count], as: UTF8.self) : nil
}

/// Number of this process.
public func processIdentifier() -> Int32 { getpid() }

/// Value of an environment variable, nil when it is not set.
public func environmentValue(_ name: String) -> String? {
    // Valid: the text is copied at once.
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}

/// A standard stream.
public enum StandardStream: Int32, Sendable {
    /// Input.
    case input = 0
    /// Output.
    case output = 1
    /// Errors.
    case error = 2
}

/// What is known of the terminal behind a standard stream.
public struct TerminalInfo: Hashable, Sendable {
    /// Whether a person sits there.
    public var isTerminal: Bool
    /// Columns, nil when unknown.
    public var columns: Int?

    /// Asks the system.
    public init(_ stream: StandardStream) {
        isTerminal = isatty(stream.rawValue) == 1
        var size = winsize()
        // Valid: `size` outlives the call and is what this request fills.
        let answered = unsafe ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0
        columns = answered && size.ws_col > 0 ? Int(size.ws_col) : nil
    }
}

/// Reads a file of `/proc`, whose length is not known before.
func readVirtualFile(_ path: String) throws(StorageError) -> [UInt8] {
    try POSIXStorage().open(path, .read).read(at: 0, count: 65_536)
}

/// Cores of the machine that are on line, at least 1.
public func processorCount() -> Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
