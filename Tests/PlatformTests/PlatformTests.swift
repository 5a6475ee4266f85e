// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Platform
import Synchronization
import Testing

/// A directory of its own under the system's temporary one.
private func temporaryDirectory() throws -> String {
    let name = "wardline-platform-\(processIdentifier())-\(monotonicNanoseconds())"
    let path = (environmentValue("TMPDIR") ?? "/tmp") + "/" + name
    try POSIXStorage().makeDirectory(path)
    return path
}

@Suite struct PlatformTests {
    @Test func `a file written atomically is read back and replaces the old one`() throws {
        let storage = POSIXStorage()
        let path = try temporaryDirectory() + "/facts"
        try storage.writeAtomically([1, 2, 3], to: path)
        try storage.writeAtomically([4], to: path)
        #expect(try storage.readFile(path) == [4])
        #expect(try storage.list(parentPath(path)) == ["facts"])
        #expect(try MappedFile(path).withBytes { $0.count } == 1)
        #expect(try storage.walk(parentPath(path)).map(\.relativePath) == ["facts"])
    }

    @Test func `creating an existing file is refused with its code`() throws {
        let storage = POSIXStorage()
        let path = try temporaryDirectory() + "/one"
        _ = try storage.open(path, .create)
        let error = #expect(throws: StorageError.self) { try storage.open(path, .create) }
        #expect(error?.isExisting == true)
        #expect(try storage.size(path + "x") == nil)
    }

    @Test func `a lock is held once`() throws {
        let path = try temporaryDirectory() + "/LOCK"
        let lock = try FileLock(path)
        let error = #expect(throws: StorageError.self) { try FileLock(path) }
        #expect(error?.isHeld == true)
        withExtendedLifetime(lock) {}
    }

    @Test func `a full queue makes the giver wait and loses nothing`() throws {
        let queue = HandoverQueue<Int>(capacity: 4)
        let sum = Mutex(0)
        let taker = try WorkerThread("taker") {
            while let number = queue.take() { sum.withLock { $0 += number } }
        }
        for number in 1...1_000 { #expect(queue.put(number, weight: 2)) }
        queue.close()
        taker.join()
        #expect(sum.withLock { $0 } == 500_500)
        #expect(!queue.put(1, weight: 1))
    }

    @Test func `a queue refuses beyond its weight but takes one giant alone`() {
        let queue = HandoverQueue<Int>(capacity: 4)
        #expect(queue.tryPut(1, weight: 100))
        #expect(!queue.tryPut(2, weight: 1))
        #expect(queue.take(waitingNanoseconds: 0) == 1)
        #expect(queue.take(waitingNanoseconds: 0) == nil)
        #expect(queue.weight == 0)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func `datagrams arrive with peer and length, also when cut`(_ text: String) throws {
        let address = try #require(IPAddress(text))
        let receiver = try UDPReceiver(
            SocketAddress(address, 0),
            receiveBufferBytes: 1 << 20,
            datagramSizeMax: 8
        )
        let sender = try UDPSender(to: receiver.local)
        try sender.send([1, 2, 3])
        try sender.send([UInt8](repeating: 9, count: 20))
        var seen: [(Int, Int, Bool)] = []
        while seen.count < 2 {
            let count = try receiver.receive(waitingMilliseconds: 2_000) { facts, bytes in
                #expect(facts.peer.address == address)
                seen.append((bytes.count, facts.originalLength, facts.isTruncated))
            }
            guard count > 0 else { break }
        }
        #expect(seen.map(\.0) == [3, 8] && seen.map(\.1) == [3, 20] && seen.map(\.2) == [false, true])
        #expect(receiver.grantedBufferBytes > 0)
        #expect(try receiver.kernelDrops() == 0)
    }

    @Test func `received and dropped datagrams add up to those sent`() throws {
        let loopback = IPAddress(v4: 0x7f00_0001)
        let receiver = try UDPReceiver(SocketAddress(loopback, 0), receiveBufferBytes: 4_096)
        let sender = try UDPSender(to: receiver.local)
        for _ in 0..<500 { try sender.send([UInt8](repeating: 1, count: 300)) }
        var received = 0
        while try receiver.receive(waitingMilliseconds: 0, { _, _ in received += 1 }) > 0 {}
        let drops = try receiver.kernelDrops()
        #expect(drops > 0)
        #expect(received + Int(drops) == 500)
    }

    @Test func `waking makes a waiting receiver return`() throws {
        let receiver = try UDPReceiver(
            SocketAddress(IPAddress(v4: 0x7f00_0001), 0),
            receiveBufferBytes: 4_096
        )
        let waker = try WorkerThread("waker") { receiver.wake() }
        #expect(try receiver.receive(waitingMilliseconds: 10_000) { _, _ in } == 0)
        waker.join()
    }

    @Test func `the process knows itself`() {
        #expect(processResources().residentBytes > 0)
        #expect(executablePath()?.hasPrefix("/") == true)
        #expect(SystemWallClock().now().isPresent)
    }
}
