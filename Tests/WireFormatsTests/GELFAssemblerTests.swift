// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing
import WireFormats

@Suite struct GELFAssemblerTests {
    private typealias Assembler = GELFAssembler<Int>

    private func chunk(_ name: UInt8, _ number: UInt8, _ count: UInt8, _ payload: String) -> [UInt8] {
        [0x1e, 0x0f, 0, 0, 0, 0, 0, 0, 0, name, number, count] + Array(payload.utf8)
    }

    private func take(
        _ assembler: inout Assembler,
        _ datagram: [UInt8],
        from peer: Int = 1,
        at now: Int64 = 0
    ) -> Assembler.Outcome { assembler.take(datagram.span, from: peer, at: now) }

    @Test func `chunks in any order give the message once, and doubles of them nothing`() {
        var assembler = Assembler()
        #expect(take(&assembler, chunk(1, 2, 3, "c")) == .held)
        #expect(take(&assembler, chunk(1, 0, 3, "a")) == .held)
        #expect(take(&assembler, chunk(1, 0, 3, "a")) == .held)
        #expect(take(&assembler, chunk(1, 1, 3, "b")) == .whole(Array("abc".utf8)))
        #expect(take(&assembler, chunk(1, 1, 3, "b")) == .held)
        #expect(assembler.takeAll().isEmpty)
        #expect(assembler.heldBytes == 0)
    }

    @Test func `two senders may choose the same name`() {
        var assembler = Assembler()
        #expect(take(&assembler, chunk(1, 0, 2, "a"), from: 1) == .held)
        #expect(take(&assembler, chunk(1, 0, 2, "x"), from: 2) == .held)
        #expect(take(&assembler, chunk(1, 1, 2, "y"), from: 2) == .whole(Array("xy".utf8)))
        #expect(take(&assembler, chunk(1, 1, 2, "b"), from: 1) == .whole(Array("ab".utf8)))
    }

    @Test func `a set is given five seconds, then its datagrams come out as they were`() {
        var assembler = Assembler()
        let datagrams = [chunk(1, 0, 3, "a"), chunk(1, 2, 3, "c")]
        #expect(take(&assembler, datagrams[1], at: 10) == .held)
        #expect(take(&assembler, datagrams[0], at: 4_000_000_000) == .held)
        #expect(assembler.takeIncomplete(at: 5_000_000_009).isEmpty)
        let incomplete = assembler.takeIncomplete(at: 5_000_000_010)
        #expect(incomplete.map(\.datagrams) == [datagrams])
        #expect(incomplete.map(\.expected) == [3] && incomplete.map(\.peer) == [1])
        #expect(take(&assembler, chunk(1, 1, 3, "b"), at: 5_000_000_011) == .held, "a new set")
        #expect(assembler.takeAll().map(\.datagrams.count) == [1])
    }

    @Test(
        arguments: [
            [0x1e, 0x0f], [0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 0],
            [0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0],
            [0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 0, 129], [0x1e, 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 3, 3],
        ] as [[UInt8]]
    )
    func `a chunk that breaks the rules is none`(bytes: [UInt8]) {
        var assembler = Assembler()
        #expect(take(&assembler, bytes) == .malformed)
        #expect(assembler.heldBytes == 0)
    }

    @Test func `a chunk that contradicts one before it is refused and the first stays`() {
        var assembler = Assembler()
        #expect(take(&assembler, chunk(1, 0, 2, "a")) == .held)
        #expect(take(&assembler, chunk(1, 0, 2, "z")) == .malformed)
        #expect(take(&assembler, chunk(1, 1, 3, "b")) == .malformed)
        #expect(take(&assembler, chunk(1, 1, 2, "b")) == .whole(Array("ab".utf8)))
    }

    @Test func `128 chunks are the most, and work`() {
        var assembler = Assembler()
        for number in 0..<127 { #expect(take(&assembler, chunk(9, UInt8(number), 128, "x")) == .held) }
        #expect(take(&assembler, chunk(9, 127, 128, "x")) == .whole([UInt8](repeating: 0x78, count: 128)))
    }

    @Test func `a flood of sets costs bounded memory and every datagram comes out`() {
        var assembler = Assembler()
        var count = 0
        let payload = String(repeating: "x", count: 40_000)
        for number in 0..<2_000 {
            var datagram = chunk(UInt8(number & 255), 0, 2, payload)
            datagram[8] = UInt8(number >> 8)
            #expect(take(&assembler, datagram) == .held)
            #expect(assembler.heldBytes <= Assembler.sizeMaxBytes)
            count += assembler.takeIncomplete(at: 1).count
        }
        count += assembler.takeAll().count
        #expect(count == 2_000)
    }

    @Test(
        arguments: [
            (bytes: [0x1f, 0x8b, 8], coding: PayloadCoding.gzip), (bytes: [0x78, 0x9c], coding: .zlib),
            (bytes: [0x78, 0x01], coding: .zlib), (bytes: [0x78, 0xda], coding: .zlib),
            (bytes: Array("{\"a\":1}".utf8), coding: .plain), (bytes: [0x78], coding: .plain),
            (bytes: [], coding: .plain),
            (bytes: Array("x<13>".utf8), coding: .plain),
        ] as [(bytes: [UInt8], coding: PayloadCoding)]
    )
    func `the first bytes tell the coding`(bytes: [UInt8], coding: PayloadCoding) {
        #expect(PayloadCoding(bytes.span) == coding)
    }
}
