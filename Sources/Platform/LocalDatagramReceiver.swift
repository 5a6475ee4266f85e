// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// A bound UNIX datagram socket, as `/dev/log` is one: local programs write to its path.
///
/// A sender waits, or is told, when we are slow: the kernel drops nothing. Owned by one thread; only
/// ``wake()`` may be called from others. The path is removed when the last reference goes, if it is still
/// ours.
///
/// `@unchecked Sendable`: the buffer is touched only inside ``receive(waitingMilliseconds:_:)``, which has
/// one caller at a time; the other properties are constants.
public final class LocalDatagramReceiver: @unchecked Sendable {
    /// Datagrams taken by one call of ``receive(waitingMilliseconds:_:)`` at most.
    public static let batchCount = 64
    /// Longest path, as `sockaddr_un` has room for it and its end.
    public static let pathLengthMaxBytes = 107

    private let descriptor: Int32
    private let wakeSource: Int32
    private let wakeTarget: Int32
    private let path: String
    private let identity: (device: UInt64, inode: UInt64)
    private var buffer: [UInt8]

    /// Binds a socket.
    ///
    /// A socket that is there and that nobody listens on was left by a process that died, and is replaced;
    /// anything else at that path is left alone.
    ///
    /// - Parameters:
    ///   - path: Where; its folder must exist.
    ///   - mode: Permissions of the path; those who may write may send.
    ///   - datagramSizeMax: Bytes kept of a datagram.
    /// - Throws: ``StorageError``: `EADDRINUSE` when somebody listens there, `EEXIST` when no socket is
    ///   there.
    public init(_ path: String, mode: UInt32, datagramSizeMax: Int) throws(StorageError) {
        guard (1...LocalDatagramReceiver.pathLengthMaxBytes).contains(path.utf8.count) else {
            throw StorageError(.system, "bind \(path)", ENAMETOOLONG)
        }
        try LocalDatagramReceiver.removeStale(path)
        let kind = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let opened = socket(AF_UNIX, kind, 0)
        guard opened >= 0 else { throw .last(.system, "socket") }
        do throws(StorageError) {
            let code = unsafe localCall(path) { unsafe bind(opened, $0, $1) }
            guard code == 0 else {
                throw StorageError.last(.system, "bind \(path)")
            }
            // Valid: the text lives during the call.
            guard unsafe chmod(path, mode_t(mode)) == 0, let found = fileIdentity(path) else {
                let error = StorageError.last(.system, "chmod \(path)")
                _ = unsafe unlink(path)
                throw error
            }
            identity = found
            (wakeSource, wakeTarget) = try UDPReceiver.wakePipe()
        } catch {
            _ = close(opened)
            throw error
        }
        descriptor = opened
        self.path = path
        buffer = Array(repeating: 0, count: datagramSizeMax)
    }

    deinit {
        // Whoever took the path over meanwhile keeps it.
        if let found = fileIdentity(path), found == identity {
            // Valid: the text lives during the call.
            unsafe _ = unlink(path)
        }
        _ = close(descriptor)
        _ = close(wakeSource)
        _ = close(wakeTarget)
    }

    /// Takes at most 64 datagrams, waiting for the first; calls `body` with the length of each and what is
    /// kept.
    ///
    /// - Returns: How many were taken; 0 after the wait or ``wake()``.
    public func receive(
        waitingMilliseconds: Int32,
        _ body: (_ originalLength: Int, _ kept: Span<UInt8>) -> Void
    ) throws(StorageError) -> Int {
        var count = try drain(body)
        guard count == 0 else { return count }
        var watched = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: wakeSource, events: Int16(POLLIN), revents: 0),
        ]
        // Valid: two entries are passed and there are two.
        let ready = unsafe poll(&watched, 2, waitingMilliseconds)
        guard ready >= 0 || errno == EINTR else { throw .last(.system, "poll") }
        if watched[1].revents != 0 {
            var bytes = [UInt8](repeating: 0, count: 64)
            // Valid: at most the array's length is read.
            while unsafe read(wakeSource, &bytes, 64) == 64 {}
        }
        count = try drain(body)
        return count
    }

    /// Lets nothing further in: senders get an error from now on, and what they have sent can be received.
    public func refuse() {
        // Of a socket that is ours; senders of a queue that nobody reads would believe that it was taken.
        _ = shutdown(descriptor, Int32(SHUT_RD))
    }

    /// Makes a waiting ``receive(waitingMilliseconds:_:)`` return; callable from any thread.
    public func wake() {
        var byte: UInt8 = 1
        // Valid: one byte is passed. A full pipe already wakes.
        unsafe _ = write(wakeTarget, &byte, 1)
    }

    private func drain(
        _ body: (_ originalLength: Int, _ kept: Span<UInt8>) -> Void
    ) throws(StorageError) -> Int {
        var count = 0
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)
        while count < LocalDatagramReceiver.batchCount {
            let room = buffer.count
            // Valid: at most the array's length is written; MSG_TRUNC returns the length that was sent.
            let length = unsafe recv(descriptor, &buffer, room, flags)
            if length < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { throw .last(.system, "recv") }
                break
            }
            body(length, buffer.span.extracting(0..<min(length, room)))
            count += 1
        }
        return count
    }

    /// Removes a socket that nobody listens on.
    private static func removeStale(_ path: String) throws(StorageError) {
        var status = stat()
        // Valid: `status` outlives the call.
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw StorageError(.system, "bind \(path)", EEXIST) }
        let probe = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw .last(.system, "socket") }
        defer { _ = close(probe) }
        let code = unsafe localCall(path) { unsafe connect(probe, $0, $1) }
        // EPROTOTYPE: a stream socket listens there.
        guard code != 0, errno == ECONNREFUSED else {
            throw StorageError(.system, "bind \(path)", EADDRINUSE)
        }
        // Valid: the text lives during the call.
        guard unsafe unlink(path) == 0 else { throw .last(.system, "unlink \(path)") }
    }
}

private func fileIdentity(_ path: String) -> (device: UInt64, inode: UInt64)? {
    var status = stat()
    // Valid: `status` outlives the call.
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return (UInt64(status.st_dev), UInt64(status.st_ino))
}

/// Calls `body` with the address of a path of at most 107 bytes.
private func localCall(
    _ path: String,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    // Valid: sun_path holds 108 bytes, of which at most 107 are written and the rest stay zero.
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
        for index in bytes.indices { unsafe room[index] = bytes[index] }
    }
    // Valid: the kernel reads as many bytes as the length says.
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe body(
            UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self),
            socklen_t(MemoryLayout<sockaddr_un>.size)
        )
    }
}
