// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing

struct IPAddressTests {
    @Test(arguments: [
        ("10.1.2.3", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"), ("2001:db8::1", "2001:db8::1"),
        ("::", "::"),
        ("2001:0DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("fe80::1%eth0", "fe80::1"),
    ])
    func `an address has one way to be written`(_ text: String, _ canonical: String) throws {
        #expect(try #require(IPAddress(text)).description == canonical)
    }

    @Test(arguments: ["", "10.1.2", "10.1.2.256", "10.1.2.3.4", "1::2::3", "2001:db8", "g::1", "10.1.2.3 "])
    func `what is no address is refused`(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("0.0.0.0/0", "203.0.113.1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
        ("10.1.2.3/32", "10.1.2.3", true), ("10.1.2.3/32", "10.1.2.2", false),
    ])
    func `a prefix holds its addresses and no others`(
        _ prefix: String,
        _ address: String,
        _ holds: Bool
    ) throws {
        let found = try #require(IPPrefix(prefix)).contains(try #require(IPAddress(address)))
        #expect(found == holds)
    }

    @Test(arguments: [
        ("10.1.1.1", true), ("172.16.0.1", true), ("172.32.0.1", false), ("192.168.9.9", true),
        ("169.254.1.1", true),
        ("100.64.0.1", true), ("203.0.113.1", false), ("fd00::1", true), ("fe80::1", true),
        ("2001:db8::1", false),
    ])
    func `private space is what its documents say`(_ text: String, _ isPrivate: Bool) throws {
        #expect(try #require(IPAddress(text)).isPrivate == isPrivate)
    }
}
