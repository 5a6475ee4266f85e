// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory
import Testing

struct AddressBookTests {
    private static let noon = UTCTime(nanoseconds: 1_780_000_000 * UTCTime.second)
    private static let hour = 3_600 * UTCTime.second

    private let address: IPAddress
    private let pump: MACAddress
    private let laptop: MACAddress

    init() throws {
        address = try #require(IPAddress("10.20.30.40"))
        pump = try #require(MACAddress("00:1e:0b:aa:00:01"))
        laptop = try #require(MACAddress("3c-22-fb-00-00-02"))
    }

    private func time(_ hours: Int64) -> UTCTime {
        AddressBookTests.noon.advanced(by: hours * AddressBookTests.hour)
    }

    @Test func `a second holder ends the interval of the first at its first sighting`() throws {
        var book = AddressBook()
        book.observe(address, mac: pump, host: "pump-1", at: time(0))
        book.observe(address, mac: laptop, host: "laptop-2", at: time(2))
        #expect(book.holder(of: address, at: time(1))?.mac == pump)
        #expect(book.holder(of: address, at: time(2))?.mac == laptop)
        #expect(book.holder(of: address, at: time(2).advanced(by: -1))?.mac == pump)
    }

    @Test func `a first sighting reaches back a day, marked as inferred, and no further`() throws {
        var book = AddressBook()
        book.observe(address, mac: pump, host: "", at: time(0))
        #expect(book.holder(of: address, at: time(-24))?.isInferred == true)
        #expect(book.holder(of: address, at: time(-24).advanced(by: -1)) == nil)
    }

    @Test func `a release leaves the address without a holder from then on`() {
        var book = AddressBook()
        book.observe(address, mac: pump, host: "", at: time(0))
        book.release(address, mac: pump, at: time(1))
        #expect(book.holder(of: address, at: time(1)) == nil)
        #expect(book.holder(of: address, at: time(1).advanced(by: -1))?.mac == pump)
    }

    @Test func `a release by somebody who is not the holder changes nothing`() {
        var book = AddressBook()
        book.observe(address, mac: pump, host: "", at: time(0))
        book.release(address, mac: laptop, at: time(1))
        #expect(book.holder(of: address, at: time(2))?.mac == pump)
    }

    @Test func `a site's statement holds from its start to before its end`() {
        var book = AddressBook()
        book.add(SiteBinding(mac: pump, address: address, from: time(0), through: time(3)))
        #expect(book.holder(of: address, at: time(0))?.mac == pump)
        #expect(book.holder(of: address, at: time(3)) == nil)
    }

    @Test func `beyond the bound the oldest intervals go and are counted`() {
        var book = AddressBook()
        for hours in 0..<Int64(AddressBook.intervalCountMax + 3) {
            let mac = hours % 2 == 0 ? pump : laptop
            book.observe(address, mac: mac, host: "", at: time(hours))
        }
        #expect(book.evictionCount == 3)
        #expect(book.holder(of: address, at: time(1)) == nil)
        #expect(book.holder(of: address, at: time(4))?.mac == pump)
    }
}
