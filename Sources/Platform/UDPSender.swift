// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Glibc

/// Sends datagrams to one address: for re-sending stored records and for tests.
public final class UDPSender: Sendable {
    private let descriptor: Int32

    /// Connects a socket to `target`; no packet is sent by that.
    public init(to target: SocketAddress) throws(StorageError) {
        let family = target.address.v4 == nil ? AF_INET6 : AF_INET
        let opened = socket(family, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard opened >= 0 else { throw .last(.system, "socket") }
        var storage = sockaddr_storage()
        let length = target.fill(&storage)
        // Valid: sockaddr_storage is layout-compatible with sockaddr, and `length` is that of the filled
        // form.
        let code = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe connect(opened, UnsafeRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), length)
        }
        guard code == 0 else {
            let error = StorageError.last(.system, "connect")
            _ = close(opened)
            throw error
        }
        descriptor = opened
    }

    deinit {
        _ = close(descriptor)
    }

    /// Sends one datagram; waits while the socket's buffer is full.
    public func send(_ bytes: [UInt8]) throws(StorageError) {
        // Valid: the array bounds the buffer.
        let count = unsafe bytes.withUnsafeBufferPointer {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0)
        }
        guard count == bytes.count else { throw .last(.system, "send") }
    }
}
