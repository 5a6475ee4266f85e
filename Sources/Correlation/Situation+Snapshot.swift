// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory

/// Written by hand, because a snapshot holds a million of them: a word says which parts are there.
extension Situation: SnapshotCoded {
    /// Parts that may be missing, and yes-or-no parts, by their bit; never in another order.
    private enum Part: UInt64 {
        case subject, source, target, subjectName, claimedHost, user, sourceAddress, targetAddress, targetPort
        case sourceZone, sourceIsInternet, targetIsInternet, subjectAddress, subjectZone, exposure, targetZone
        case verdict, isNewPeer, peer, isVendor, conduit, change, bracket, isApproved, isNotApproved
        case hashDiffers, sourceIsScanner, sourceReachedBy, assetReachedBy, isInteractive, targetWasTouched
        case carriedAssets
    }

    /// Stored properties that are written: a test compares it with those that there are.
    static let writtenCount = 31

    private var parts: UInt64 {
        var word: UInt64 = 0
        func note(_ part: Part, _ isThere: Bool) { if isThere { word |= 1 << part.rawValue } }
        note(.subject, subject != nil)
        note(.source, source != nil)
        note(.target, target != nil)
        note(.subjectName, !subjectName.isEmpty)
        note(.claimedHost, !claimedHost.isEmpty)
        note(.user, !user.isEmpty)
        note(.sourceAddress, sourceAddress != nil)
        note(.targetAddress, targetAddress != nil)
        note(.targetPort, targetPort != nil)
        note(.sourceZone, sourceZone != nil)
        note(.sourceIsInternet, sourceIsInternet)
        note(.targetIsInternet, targetIsInternet)
        note(.subjectAddress, subjectAddress != nil)
        note(.subjectZone, subjectZone != nil)
        note(.exposure, exposure != nil)
        note(.targetZone, targetZone != nil)
        note(.verdict, verdict != nil)
        note(.isNewPeer, isNewPeer)
        note(.peer, !peer.isEmpty)
        note(.isVendor, isVendor)
        note(.conduit, conduit != .unknown)
        note(.change, change != nil)
        note(.bracket, bracket != nil)
        note(.isApproved, isApproved == true)
        note(.isNotApproved, isApproved == false)
        note(.hashDiffers, hashDiffers)
        note(.sourceIsScanner, sourceIsScanner)
        note(.sourceReachedBy, sourceReachedBy != nil)
        note(.assetReachedBy, assetReachedBy != nil)
        note(.isInteractive, isInteractive)
        note(.targetWasTouched, targetWasTouched)
        note(.carriedAssets, !carriedAssets.isEmpty)
        return word
    }

    func write(to encoder: SnapshotEncoder) throws {
        encoder.write(number: parts)
        for asset in [subject, source, target] { if let asset { try encoder.write(asset) } }
        for text in [subjectName, claimedHost, user, peer] where !text.isEmpty { encoder.write(text) }
        for address in [sourceAddress, targetAddress, subjectAddress] {
            guard let address else { continue }
            encoder.write(hash: address.high)
            encoder.write(hash: address.low)
        }
        if let targetPort { encoder.write(signed: Int64(targetPort)) }
        for zone in [sourceZone, subjectZone, targetZone] { if let zone { try encoder.write(zone) } }
        if let exposure { encoder.write(exposure.rawValue) }
        if let verdict { encoder.write(verdict.rawValue) }
        if conduit != .unknown { encoder.write(conduit.rawValue) }
        if let change { try encoder.write(change) }
        if let bracket { encoder.write(bracket.rawValue) }
        for text in [sourceReachedBy, assetReachedBy] { if let text { encoder.write(text) } }
        if !carriedAssets.isEmpty { try encoder.write(carriedAssets) }
    }

    static func read(from decoder: SnapshotDecoder) throws -> Situation {
        var found = Situation()
        let word = try decoder.number()
        func has(_ part: Part) -> Bool { word & 1 << part.rawValue != 0 }
        if has(.subject) { found.subject = try decoder.value() }
        if has(.source) { found.source = try decoder.value() }
        if has(.target) { found.target = try decoder.value() }
        if has(.subjectName) { found.subjectName = try decoder.text() }
        if has(.claimedHost) { found.claimedHost = try decoder.text() }
        if has(.user) { found.user = try decoder.text() }
        if has(.peer) { found.peer = try decoder.text() }
        if has(.sourceAddress) { found.sourceAddress = try address(decoder) }
        if has(.targetAddress) { found.targetAddress = try address(decoder) }
        if has(.subjectAddress) { found.subjectAddress = try address(decoder) }
        if has(.targetPort) { found.targetPort = Int(try decoder.signed()) }
        if has(.sourceZone) { found.sourceZone = try decoder.value() }
        if has(.subjectZone) { found.subjectZone = try decoder.value() }
        if has(.targetZone) { found.targetZone = try decoder.value() }
        if has(.exposure) { found.exposure = try named(decoder) }
        if has(.verdict) { found.verdict = try named(decoder) }
        if has(.conduit) { found.conduit = try named(decoder) }
        if has(.change) { found.change = try decoder.value() }
        if has(.bracket) { found.bracket = try named(decoder) }
        if has(.sourceReachedBy) { found.sourceReachedBy = try decoder.text() }
        if has(.assetReachedBy) { found.assetReachedBy = try decoder.text() }
        if has(.carriedAssets) { found.carriedAssets = try decoder.value() }
        found.sourceIsInternet = has(.sourceIsInternet)
        found.targetIsInternet = has(.targetIsInternet)
        found.isNewPeer = has(.isNewPeer)
        found.isVendor = has(.isVendor)
        found.isApproved = has(.isApproved) ? true : has(.isNotApproved) ? false : nil
        found.hashDiffers = has(.hashDiffers)
        found.sourceIsScanner = has(.sourceIsScanner)
        found.isInteractive = has(.isInteractive)
        found.targetWasTouched = has(.targetWasTouched)
        return found
    }

    private static func address(_ decoder: SnapshotDecoder) throws -> IPAddress {
        IPAddress(high: try decoder.hash(), low: try decoder.hash())
    }

    private static func named<Word: RawRepresentable<String>>(_ decoder: SnapshotDecoder) throws -> Word {
        guard let word = Word(rawValue: try decoder.text()) else { throw decoder.damage }
        return word
    }
}
