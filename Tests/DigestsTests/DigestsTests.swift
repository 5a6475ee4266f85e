// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Digests

@Suite struct DigestsTests {
    @Test func `SHA-256 gives the published values`() {
        // FIPS 180-4 examples.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(sha256([]).hexadecimal == empty)
        #expect(sha256(Array("abc".utf8)).hexadecimal == abc)
        #expect(SHA256Digest(hexadecimal: abc.uppercased()) == sha256(Array("abc".utf8)))
        #expect(SHA256Digest(bytes: [1, 2]) == nil)
    }

    @Test func `a hash in pieces equals the hash of the whole`() {
        let bytes = (0..<1_000).map { UInt8($0 & 255) }
        var hasher = SHA256Hasher()
        hasher.update(bytes[0..<1])
        hasher.update(bytes[1..<999])
        hasher.update(Array(bytes[999...]))
        #expect(hasher.digest() == sha256(bytes))
    }

    @Test func `HMAC gives the values of RFC 4231`() {
        let first = hmacSHA256(key: [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8))
        #expect(Hexadecimal.text(first) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let long = hmacSHA256(
            key: [UInt8](repeating: 0xaa, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        )
        #expect(Hexadecimal.text(long) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test(arguments: [("123456789", 0xe306_9283 as UInt32), ("", 0), ("a", 0xc1d0_4330)])
    func `CRC-32C gives the published values`(_ text: String, _ value: UInt32) {
        #expect(CRC32C.checksum(Array(text.utf8)) == value)
    }

    @Test func `CRC-32C of any split equals that of the whole and that of single bits`() {
        let bytes = (0..<100).map { UInt8($0 * 37 & 255) }
        for length in 0...100 {
            var slow: UInt32 = 0xffff_ffff
            for byte in bytes[0..<length] {
                slow ^= UInt32(byte)
                for _ in 0..<8 { slow = slow & 1 == 1 ? slow >> 1 ^ 0x82f6_3b78 : slow >> 1 }
            }
            for byInstruction in CRC32C.hasInstruction ? [false, true] : [false] {
                var crc = CRC32C()
                crc.update(bytes.span, 0..<length / 3, byInstruction: byInstruction)
                crc.update(bytes.span, length / 3..<length, byInstruction: byInstruction)
                #expect(crc.value == ~slow)
            }
        }
    }

    @Test func `zeros never carry their own stored checksum`() {
        for length in 0...4_096 {
            #expect(CRC32C.masked(CRC32C.checksum([UInt8](repeating: 0, count: length))) != 0)
        }
    }

    @Test func `hexadecimal text of odd length or with other characters is refused`() {
        #expect(Hexadecimal.bytes("00fF") == [0, 255])
        #expect(Hexadecimal.bytes("0") == nil)
        #expect(Hexadecimal.bytes("0g") == nil)
    }

    @Test func `a short identifier is the start of base 32`() {
        // `printf abc | sha256sum | xxd -r -p | base32` starts with XJ4BNP4PAHH6.
        #expect(ShortIdentifier.text(of: sha256(Array("abc".utf8))) == "xj4bnp4pah")
        #expect(ShortIdentifier.text(of: sha256([]), length: 51).utf8.count == 51)
    }
}
