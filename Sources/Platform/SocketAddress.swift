// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
import Glibc

/// An address and port of a socket.
public struct SocketAddress: Hashable, Sendable {
    /// The address.
    public var address: IPAddress
    /// The port; 0 asks the system for a free one.
    public var port: UInt16

    /// Makes an address.
    public init(_ address: IPAddress, _ port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Reads what the kernel filled in; nil for families other than IPv4 and IPv6.
    init?(_ storage: UnsafePointer<sockaddr_storage>) {
        // Valid: sockaddr_storage is at least as large and aligned as either form.
        let raw = unsafe UnsafeRawPointer(storage)
        switch Int32(unsafe storage.pointee.ss_family) {
        case AF_INET:
            let form = unsafe raw.assumingMemoryBound(to: sockaddr_in.self).pointee
            self.init(
                IPAddress(v4: UInt32(bigEndian: form.sin_addr.s_addr)),
                UInt16(bigEndian: form.sin_port)
            )
        case AF_INET6:
            let high = unsafe UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            let low = unsafe UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
            let port = unsafe UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            self.init(IPAddress(high: high, low: low), port)
        default: return nil
        }
    }

    /// Fills the kernel's form and returns its length.
    func fill(_ storage: inout sockaddr_storage) -> socklen_t {
        // Valid: sockaddr_storage is at least as large and aligned as either form.
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            if let v4 = address.v4 {
                unsafe raw.storeBytes(of: UInt16(AF_INET), toByteOffset: 0, as: UInt16.self)
                unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
                unsafe raw.storeBytes(of: v4.bigEndian, toByteOffset: 4, as: UInt32.self)
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            }
            unsafe raw.storeBytes(of: UInt16(AF_INET6), toByteOffset: 0, as: UInt16.self)
            unsafe raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            unsafe raw.storeBytes(of: address.high.bigEndian, toByteOffset: 8, as: UInt64.self)
            unsafe raw.storeBytes(of: address.low.bigEndian, toByteOffset: 16, as: UInt64.self)
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        }
    }
}
