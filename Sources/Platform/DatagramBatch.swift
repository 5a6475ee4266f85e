// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Glibc

/// The kernel's `struct mmsghdr`, which Swift's Glibc module does not show: a message header and a count.
@unsafe private struct BatchedHeader {
    var header = unsafe msghdr()
    var length: UInt32 = 0
}

private typealias ReceiveBatch =
    @convention(c) (Int32, UnsafeMutableRawPointer?, UInt32, Int32, UnsafeMutableRawPointer?) -> Int32

/// `recvmmsg(2)`, found by name because it is declared only for GNU sources; nil where the library lacks it.
private let receiveBatch: ReceiveBatch? = {
    guard let symbol = unsafe dlsym(nil, "recvmmsg") else { return nil }
    // Valid: the signature is that of recvmmsg(2); both pointers are passed as untyped.
    return unsafe unsafeBitCast(symbol, to: ReceiveBatch.self)
}()

/// Room for one batch of datagrams, reused for every call.
///
/// Used by one thread at a time.
@safe final class DatagramBatch {
    private let datagramSizeMax: Int
    private let headers: UnsafeMutablePointer<BatchedHeader>
    private let parts: UnsafeMutablePointer<iovec>
    private let peers: UnsafeMutablePointer<sockaddr_storage>
    private let bytes: UnsafeMutablePointer<UInt8>

    init(datagramSizeMax: Int) {
        self.datagramSizeMax = datagramSizeMax
        let count = UDPReceiver.batchCount
        // Valid: each is allocated and initialised for `count` messages here and freed in deinit; the
        // pointers between them stay inside these four blocks.
        unsafe headers = .allocate(capacity: count)
        unsafe parts = .allocate(capacity: count)
        unsafe peers = .allocate(capacity: count)
        unsafe bytes = .allocate(capacity: count * datagramSizeMax)
        unsafe bytes.initialize(repeating: 0, count: count * datagramSizeMax)
        unsafe peers.initialize(repeating: sockaddr_storage(), count: count)
        for index in 0..<count {
            unsafe (parts + index).initialize(
                to: iovec(iov_base: bytes + index * datagramSizeMax, iov_len: datagramSizeMax)
            )
            var header = unsafe BatchedHeader()
            unsafe header.header.msg_name = UnsafeMutableRawPointer(peers + index)
            unsafe header.header.msg_iov = unsafe parts + index
            unsafe header.header.msg_iovlen = 1
            unsafe (headers + index).initialize(to: header)
        }
    }

    deinit {
        unsafe headers.deallocate()
        unsafe parts.deallocate()
        unsafe peers.deallocate()
        unsafe bytes.deallocate()
    }

    /// Takes what is waiting; nil when nothing is.
    func fill(from descriptor: Int32) throws(StorageError) -> Int? {
        let nameLength = socklen_t(MemoryLayout<sockaddr_storage>.size)
        for index in 0..<UDPReceiver.batchCount {
            unsafe headers[index].header.msg_namelen = nameLength
            unsafe headers[index].header.msg_flags = 0
        }
        // MSG_TRUNC makes the kernel report the length on the wire.
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)
        let count: Int
        if let receiveBatch = unsafe receiveBatch {
            // Valid: `headers` has batchCount entries of the kernel's layout (56 bytes, 4, padded to 64).
            count = unsafe Int(receiveBatch(descriptor, headers, UInt32(UDPReceiver.batchCount), flags, nil))
        } else {
            // Valid: the first header alone is filled.
            let length = unsafe recvmsg(descriptor, &headers[0].header, flags)
            unsafe headers[0].length = UInt32(max(0, length))
            count = length < 0 ? -1 : 1
        }
        guard count < 0 else { return count == 0 ? nil : count }
        guard errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED else {
            throw .last(.system, "recvmmsg")
        }
        return nil
    }

    /// Calls `body` with each of the first `count` datagrams.
    func forEach(_ count: Int, _ body: (DatagramFacts, Span<UInt8>) -> Void) -> Int {
        for index in 0..<count {
            // Valid: the kernel filled `count` headers, and at most datagramSizeMax bytes of each buffer.
            let original = unsafe Int(headers[index].length)
            let kept = min(original, datagramSizeMax)
            guard let peer = unsafe SocketAddress(UnsafePointer(peers + index)) else { continue }
            let facts = DatagramFacts(peer: peer, originalLength: original, isTruncated: original > kept)
            let part = unsafe UnsafeBufferPointer(start: bytes + index * datagramSizeMax, count: kept)
            body(facts, unsafe Span(_unsafeElements: part))
        }
        return count
    }
}
