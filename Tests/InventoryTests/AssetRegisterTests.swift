// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Testing

struct AssetRegisterTests {
    private static let noon = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second)

    private static func register() throws -> AssetRegister {
        var site = Site()
        var pump = Asset(id: "PUMP-7")
        pump.macs = [try #require(MACAddress("001e0baa0007"))]
        pump.hostNames = ["pump-7"]
        pump.serial = "SN-0007"
        pump.vendorAccounts = ["FieldService"]
        site.assets = [pump]
        site.zones = [
            Zone(
                id: "hospital",
                prefixes: [try #require(IPPrefix("10.0.0.0/8"))],
                tier: "support",
                isMedical: false
            ),
            Zone(
                id: "pumps",
                prefixes: [try #require(IPPrefix("10.7.0.0/16"))],
                tier: "critical",
                isMedical: true
            ),
        ]
        return AssetRegister(site: site)
    }

    @Test(arguments: [
        ("10.7.1.2", "pumps"), ("10.8.1.2", "hospital"), ("192.168.1.1", "unknown"),
        ("203.0.113.9", "internet"),
    ])
    func `the longest prefix names the zone, and unlisted private space is not the internet`(
        _ text: String,
        _ zone: String
    ) throws {
        var register = try AssetRegisterTests.register()
        #expect(register.zone(of: try #require(IPAddress(text))).id == zone)
    }

    @Test(arguments: ["PUMP-7", "pump-7", "sn-0007", "pump-7.ward.example"])
    func `an asset answers to its id, serial and host name, in any case and with its domain`(
        _ name: String
    ) throws {
        #expect(try AssetRegisterTests.register().asset(named: name)?.id == "PUMP-7")
    }

    @Test(arguments: ["pump-70", "7", "", "ward.example"])
    func `a name that no asset has finds none`(_ name: String) throws {
        #expect(try AssetRegisterTests.register().asset(named: name) == nil)
    }

    @Test func `an address is the asset that held it at that time, not the one that holds it now`() throws {
        var register = try AssetRegisterTests.register()
        let address = try #require(IPAddress("10.7.1.2"))
        let stranger = try #require(MACAddress("020000000001"))
        let later = AssetRegisterTests.noon.advanced(by: 3_600 * UTCTime.second)
        register.observe(
            address,
            mac: MACAddress("001e0baa0007"),
            host: "pump-7",
            at: AssetRegisterTests.noon
        )
        register.observe(address, mac: stranger, host: "visitor", at: later)
        #expect(register.asset(of: address, at: AssetRegisterTests.noon)?.id == "PUMP-7")
        #expect(register.asset(of: address, at: later) == nil)
    }

    @Test func `bindings that were seen survive a changed site file`() throws {
        var register = try AssetRegisterTests.register()
        let address = try #require(IPAddress("10.7.1.2"))
        register.observe(address, mac: MACAddress("001e0baa0007"), host: "", at: AssetRegisterTests.noon)
        register.replace(register.site)
        #expect(register.asset(of: address, at: AssetRegisterTests.noon)?.id == "PUMP-7")
    }

    @Test func `accounts of a vendor are known in any case`() throws {
        let register = try AssetRegisterTests.register()
        #expect(register.isVendorAccount("fieldservice"))
        #expect(!register.isVendorAccount("field"))
    }
}
