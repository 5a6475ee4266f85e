// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Glibc

/// What was observed of one datagram.
public struct DatagramFacts: Hashable, Sendable {
    /// Who sent it, as the kernel saw it.
    public var peer: SocketAddress
    /// Its length on the wire; more than was kept when it was cut.
    public var originalLength: Int
    /// Whether it was longer than the receiver keeps.
    public var isTruncated: Bool
}

/// A bound UDP socket that is read in batches into one buffer.
///
/// Owned by one thread; only ``wake()`` may be called from others. The socket is closed when the last
/// reference goes.
///
/// `@unchecked Sendable`: the buffers are touched only inside ``receive(waitingMilliseconds:_:)``, which has
/// one caller at a time; descriptors are constants.
public final class UDPReceiver: @unchecked Sendable {
    /// Datagrams taken by one system call: more gains little and delays the first.
    public static let batchCount = 64
    /// Greatest payload of a datagram.
    public static let datagramSizeMaxBytes = 65_535

    /// The address as bound; the port is never 0.
    public let local: SocketAddress
    /// Receive buffer that the kernel granted, in bytes as it counts them (twice the request).
    public let grantedBufferBytes: Int

    private let descriptor: Int32
    private let wakeSource: Int32
    private let wakeTarget: Int32
    private let batch: DatagramBatch

    /// Binds a socket.
    ///
    /// - Parameters:
    ///   - address: Where to listen; port 0 takes a free one.
    ///   - receiveBufferBytes: Wanted buffer; beyond the system's limit only with the privilege for it.
    ///   - datagramSizeMax: Bytes kept of a datagram, 1...65,535.
    /// - Throws: ``StorageError`` when the address cannot be bound.
    public init(
        _ address: SocketAddress,
        receiveBufferBytes: Int,
        datagramSizeMax: Int = datagramSizeMaxBytes
    ) throws(StorageError) {
        precondition(
            (1...UDPReceiver.datagramSizeMaxBytes).contains(datagramSizeMax),
            "1...65,535 bytes are kept"
        )
        let family = address.address.v4 == nil ? AF_INET6 : AF_INET
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let opened = socket(family, kind, 0)
        guard opened >= 0 else { throw .last(.system, "socket") }
        do {
            if family == AF_INET6 { try setOption(opened, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
            grantedBufferBytes = UDPReceiver.enlarge(opened, receiveBufferBytes)
            local = try UDPReceiver.bound(opened, address)
            (wakeSource, wakeTarget) = try UDPReceiver.wakePipe()
        } catch {
            _ = close(opened)
            throw error
        }
        descriptor = opened
        batch = DatagramBatch(datagramSizeMax: datagramSizeMax)
    }

    deinit {
        _ = close(descriptor)
        _ = close(wakeSource)
        _ = close(wakeTarget)
    }

    /// Takes at most 64 datagrams, waiting for the first; calls `body` with each one's kept bytes.
    ///
    /// - Returns: How many were taken; 0 after the wait or ``wake()``.
    /// - Complexity: One system call per batch under load; no allocation.
    public func receive(
        waitingMilliseconds: Int32,
        _ body: (DatagramFacts, Span<UInt8>) -> Void
    ) throws(StorageError) -> Int {
        if let count = try batch.fill(from: descriptor) { return batch.forEach(count, body) }
        var watched = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeSource, events: Int16(POLLIN), revents: 0),
        ]
        // Valid: two entries are passed and there are two.
        let ready = unsafe poll(&watched, 2, waitingMilliseconds)
        guard ready >= 0 || errno == EINTR else { throw .last(.system, "poll") }
        if watched[1].revents != 0 { drainWakes() }
        guard ready > 0, let count = try batch.fill(from: descriptor) else { return 0 }
        return batch.forEach(count, body)
    }

    /// Makes a waiting ``receive(waitingMilliseconds:_:)`` return; callable from any thread.
    public func wake() {
        var byte: UInt8 = 1
        // Valid: one byte is passed. A full pipe already wakes.
        unsafe _ = write(wakeTarget, &byte, 1)
    }

    /// Datagrams that the kernel dropped at this socket since it was bound.
    ///
    /// - Source: `sock_diag`: word 8 of SO_MEMINFO is `SK_MEMINFO_DROPS`, modulo 2^32.
    public func kernelDrops() throws(StorageError) -> UInt32 {
        var words = [UInt32](repeating: 0, count: 9)
        var length = socklen_t(words.count * MemoryLayout<UInt32>.size)
        // Valid: the length passed is that of the array.
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, &words, &length) == 0 else {
            throw .last(.system, "SO_MEMINFO")
        }
        return words[8]
    }

    private func drainWakes() {
        var bytes = [UInt8](repeating: 0, count: 64)
        // Valid: at most the array's length is read.
        while unsafe read(wakeSource, &bytes, 64) == 64 {}
    }

    /// Asks with privilege first, then within the system's limit; says what was granted.
    private static func enlarge(_ descriptor: Int32, _ wanted: Int) -> Int {
        let value = Int32(clamping: wanted)
        if (try? setOption(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, value)) == nil {
            // A refusal leaves the default size, which is then reported.
            _ = try? setOption(descriptor, SOL_SOCKET, SO_RCVBUF, value)
        }
        var granted: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        // Valid: the length passed is that of the value.
        unsafe _ = getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &granted, &length)
        return Int(granted)
    }

    private static func bound(
        _ descriptor: Int32,
        _ address: SocketAddress
    ) throws(StorageError) -> SocketAddress {
        var storage = sockaddr_storage()
        var length = address.fill(&storage)
        // Valid: sockaddr_storage is layout-compatible with sockaddr, and `length` is that of the filled
        // form.
        let bindCode = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe bind(descriptor, UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), length)
        }
        guard bindCode == 0 else { throw .last(.system, "bind \(address.address) port \(address.port)") }
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // Valid: the length passed is that of the storage.
        let nameCode = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe getsockname(
                descriptor,
                UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self),
                &length
            )
        }
        guard nameCode == 0 else { throw .last(.system, "getsockname") }
        return unsafe withUnsafePointer(to: &storage) { unsafe SocketAddress($0) } ?? address
    }

    /// A pipe that never blocks: reading end, writing end.
    static func wakePipe() throws(StorageError) -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        // Valid: two numbers are written and there are two.
        guard unsafe pipe(&ends) == 0 else { throw .last(.system, "pipe") }
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
        return (ends[0], ends[1])
    }
}

private func setOption(
    _ descriptor: Int32,
    _ level: Int32,
    _ option: Int32,
    _ value: Int32
) throws(StorageError) {
    var value = value
    // Valid: the length passed is that of the value.
    let code = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    guard code == 0 else { throw .last(.system, "setsockopt \(option)") }
}
