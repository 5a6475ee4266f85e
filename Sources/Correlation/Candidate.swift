// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Inventory

/// An event at the moment it is judged: its fields, and what it joins with.
///
/// A class of constants: windows, tests and alerts hold many references to one event, and a reference costs
/// one count where the value would cost dozens.
final class Candidate: SnapshotCoded, Sendable {
    /// A batch that many candidates share by one reference.
    final class Batch: SnapshotCoded, Sendable {
        let events: EventBatch

        init(_ events: EventBatch) { self.events = events }

        func write(to encoder: SnapshotEncoder) throws {
            try encoder.write(shared: self) { try encoder.write(events) }
        }

        static func read(from decoder: SnapshotDecoder) throws -> Batch {
            try decoder.shared { Batch(try EventBatch.read(from: decoder)) }
        }
    }

    /// What an event joins with, shared by one reference.
    final class Place: SnapshotCoded, Sendable {
        let situation: Situation

        /// That of events that were not looked at yet.
        static let unknown = Place(Situation())

        init(_ situation: consuming Situation) { self.situation = situation }

        func write(to encoder: SnapshotEncoder) throws {
            try encoder.write(shared: self) { try encoder.write(situation) }
        }

        static func read(from decoder: SnapshotDecoder) throws -> Place {
            try decoder.shared { Place(try decoder.value()) }
        }
    }

    /// The batch, which perhaps holds some neighbours too.
    private let shared: Batch
    private let place: Place
    /// Index in the batch.
    let index: Int
    /// Header, with the corrected time.
    let event: Event
    /// Offsets of stored copies that count once with this one.
    let copies: [Offset]
    /// Further witnesses that a fed-back verdict rests on.
    let carried: [Witness]

    /// Batch that holds the fields, read in place.
    var batch: EventBatch { _read { yield shared.events } }
    /// What the event joins with.
    var situation: Situation { place.situation }

    /// Event `index` of a shared batch.
    init(
        _ shared: Batch,
        _ index: Int,
        in place: Place = .unknown,
        copies: [Offset] = [],
        carried: [Witness] = []
    ) {
        self.shared = shared
        self.place = place
        self.index = index
        event = shared.events.events[index]
        self.copies = copies
        self.carried = carried
    }

    /// Event `index` of `batch`.
    convenience init(
        batch: EventBatch,
        index: Int,
        copies: [Offset] = [],
        situation: Situation? = nil,
        carried: [Witness] = []
    ) {
        let place = situation.map { Place($0) } ?? .unknown
        self.init(Batch(batch), index, in: place, copies: copies, carried: carried)
    }

    /// The same event in a situation.
    func placed(in situation: consuming Situation, carrying carried: [Witness] = []) -> Candidate {
        Candidate(shared, index, in: Place(situation), copies: copies, carried: carried)
    }

    /// Where the event lies.
    var view: EventView { EventView(batch: shared, index: index) }

    /// Whether its batch holds more events than one that is kept may hold.
    var hasManyNeighbours: Bool { shared.events.events.count > CorrelationBounds.neighbourCountMax }

    /// The same event in a batch of its own.
    func alone() -> Candidate {
        Candidate(Batch(batch.only(index)), 0, in: place, copies: copies, carried: carried)
    }

    func write(to encoder: SnapshotEncoder) throws {
        // What is written for one small thing brings no neighbours.
        guard !encoder.isAlone || shared.events.events.count == 1 else {
            return try alone().write(to: encoder)
        }
        try encoder.write(shared: self) {
            try encoder.write(shared)
            try encoder.write(place)
            encoder.write(count: index)
            try encoder.write(copies)
            try encoder.write(carried)
        }
    }

    static func read(from decoder: SnapshotDecoder) throws -> Candidate {
        try decoder.shared {
            let batch = try Batch.read(from: decoder)
            let place = try Place.read(from: decoder)
            let index = try decoder.number()
            guard index < UInt64(batch.events.events.count) else { throw decoder.damage }
            return Candidate(
                batch,
                Int(index),
                in: place,
                copies: try decoder.value(),
                carried: try decoder.value()
            )
        }
    }

    /// Whether both are the same event, in whatever situation.
    func isSame(as other: Candidate) -> Bool {
        event.offset == other.event.offset && event.ordinal == other.event.ordinal
    }

    /// Whether both are one event that rules matched, which counts once; verdicts that are fed on count each.
    func counts(with other: Candidate) -> Bool {
        carried.isEmpty && other.carried.isEmpty && isSame(as: other)
    }

    /// The event as evidence.
    var witness: Witness {
        Witness(
            offset: event.offset,
            ordinal: event.ordinal,
            time: event.time,
            uncertainty: event.uncertainty,
            eventClass: event.eventClass,
            contentHash: event.contentHash,
            assets: situation.involvedAssets,
            copies: copies,
            digest: batch.range(of: .recordDigest, in: index).map { Array(batch.bytes[$0]) } ?? []
        )
    }

    /// Who logged the event: decoder and host.
    var reporter: String { envelopeText(.decoder) + " " + text(.hostName) }

    /// Values of a rule's field, as text; empty when the event has none.
    func values(_ field: RuleField) -> [[UInt8]] {
        var found: [[UInt8]] = []
        _ = has(field) { value in
            found.append(value.copied)
            return false
        }
        return found
    }

    /// Values of a rule's field in lower case, as groups tell them apart.
    func foldedValues(_ field: RuleField) -> [[UInt8]] {
        var found: [[UInt8]] = []
        _ = has(field) { value in
            found.append(TextPattern.folded(value))
            return false
        }
        return found
    }

    /// Whether a value of a rule's field is as wanted; nothing is copied.
    func has(_ field: RuleField, where isWanted: (Span<UInt8>) -> Bool) -> Bool {
        switch field {
        case .envelope(let envelope): return test(envelopeText(envelope), isWanted)
        case .known(let known): return hasField(known, isWanted)
        case .named(let name): return number(of: name).map { hasField($0, isWanted) } ?? false
        case .either(let name, let known):
            guard let own = number(of: name), hasField(own, { _ in true }) else {
                return hasField(known, isWanted)
            }
            return hasField(own, isWanted)
        case .joined(let joined):
            if let address = place.address(joined) { return address.withText(isWanted) }
            guard let text = place.text(joined) else { return false }
            return test(text, isWanted)
        case .any:
            return hasEntry(isWanted) { $0.holdsKeywords && !isPresence($0) }
        }
    }

    /// Whether a field only says that another one is there, without a value (``RuleMatcher``).
    private func isPresence(_ field: FieldID) -> Bool {
        !field.isKnown && shared.events.name(of: field).hasPrefix(RuleMatcher.presencePrefix)
    }

    /// Number of a field without a fixed one; nil if the batch does not know it.
    private func number(of name: String) -> FieldID? {
        guard let index = shared.events.extensionNames.firstIndex(of: name) else { return nil }
        return FieldID(rawValue: FieldID.firstExtension + UInt16(index))
    }

    /// Places of its fields among those of the batch.
    private var places: Range<Int> {
        Int(event.fieldStart)..<Int(event.fieldStart) + Int(event.fieldCount)
    }

    private func hasField(_ field: FieldID, _ isWanted: (Span<UInt8>) -> Bool) -> Bool {
        hasEntry(isWanted) { $0 == field }
    }

    private func hasEntry(
        _ isWanted: (Span<UInt8>) -> Bool,
        of isAsked: (FieldID) -> Bool
    ) -> Bool {
        let bytes = shared.events.bytes
        for place in places where isAsked(shared.events.entries[place].field) {
            let value = bytes.span.extracting(shared.events.entries[place].range)
            if isWanted(value) { return true }
        }
        return false
    }

    private func test(_ text: String, _ isWanted: (Span<UInt8>) -> Bool) -> Bool {
        let bytes = text.utf8Span
        return isWanted(bytes.span)
    }

    private func envelopeText(_ envelope: RuleField.Envelope) -> String {
        switch envelope {
        case .eventClass: event.eventClass.name
        case .action: event.action.name
        case .outcome: event.outcome.name
        case .severity: event.severity == 255 ? "" : String(event.severity)
        case .decoder: shared.events.decoders[Int(event.decoder)]
        }
    }

    /// The first value of a field as text.
    func text(_ field: FieldID) -> String { shared.events.text(field, in: index) ?? "" }
}

/// Where an event lies that is looked at before it is judged.
struct EventView: Sendable {
    let batch: Candidate.Batch
    let index: Int

    /// Header, with the corrected time.
    var event: Event { batch.events.events[index] }

    /// The first value of a field as text; empty when it has none.
    func text(_ field: FieldID) -> String { batch.events.text(field, in: index) ?? "" }

    /// The first value of a field as an address.
    func address(_ field: FieldID) -> IPAddress? { batch.events.address(field, in: index) }

    /// The first value of a field as a non-negative decimal integer.
    func integer(_ field: FieldID) -> Int64? { batch.events.integer(field, in: index) }

    /// The event in a situation, with stored copies that count once with it.
    func placed(in situation: consuming Situation, copies: [Offset] = []) -> Candidate {
        Candidate(batch, index, in: Candidate.Place(situation), copies: copies)
    }
}

/// A large value by one reference, so that the many situations that lack it stay small.
@propertyWrapper
struct Boxed<Value: Sendable>: Sendable {
    /// What holds the value: to read a part of it, of which no copy is made.
    final class Box: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var box: Box?

    var projectedValue: Box? { box }

    /// The value.
    var wrappedValue: Value? {
        get { box?.value }
        set { box = newValue.map(Box.init) }
    }

    init(wrappedValue: Value?) { box = wrappedValue.map(Box.init) }
}

/// What an event joins with, as of its time.
struct Situation: Sendable {
    @Boxed var subject: Asset?
    @Boxed var source: Asset?
    @Boxed var target: Asset?
    /// Asset id, else claimed host, else source address: what the event is about.
    var subjectName = ""
    /// Where the site names no asset and no zone at all: the host that the event says it comes from.
    var claimedHost = ""
    var user = ""
    var sourceAddress: IPAddress?
    var targetAddress: IPAddress?
    var targetPort: Int?
    var sourceZone: Zone?
    var sourceIsInternet = false
    var targetIsInternet = false
    var subjectAddress: IPAddress?
    var subjectZone: Zone?
    var exposure: Exposure?
    var targetZone: Zone?
    var verdict: FlowVerdict?
    var isNewPeer = false
    var peer = ""
    var isVendor = false
    var conduit = VendorWay.unknown
    @Boxed var change: ChangeRecord?
    var bracket: Bracket.Kind?
    var isApproved: Bool?
    var hashDiffers = false
    var sourceIsScanner = false
    var sourceReachedBy: String?
    var assetReachedBy: String?
    var isInteractive = false
    /// Whether the target was touched: the attempt was not refused.
    var targetWasTouched = false
    /// Further assets that a fed-back verdict is about.
    var carriedAssets: [String] = []

    /// How a vendor's account came.
    enum VendorWay: String, Codable, Sendable {
        case on
        case off
        case local
        case unknown
    }

    /// Assets that took part: subject, source, touched target, carried ones; sorted and distinct.
    ///
    /// Where the site names none, hosts go by the name that they claim.
    var involvedAssets: [String] {
        guard claimedHost.isEmpty else {
            return carriedAssets.isEmpty ? [claimedHost] : Set(carriedAssets + [claimedHost]).sorted()
        }
        var ids = Set(carriedAssets)
        for asset in [$subject, $source] { if let asset { ids.insert(asset.value.id) } }
        if let target = $target, targetWasTouched { ids.insert(target.value.id) }
        return ids.sorted()
    }
}

extension Span<UInt8> {
    /// The bytes in an array of their own.
    var copied: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(self, indices)
        return bytes
    }
}

extension Candidate.Place {
    /// The address that a joined field is; nil when it is none or has no value.
    func address(_ field: JoinedField) -> IPAddress? {
        switch field {
        case .subjectAddress: situation.subjectAddress
        case .sourceAddress: situation.sourceAddress.flatMap { $0.isLoopback ? nil : $0 }
        default: nil
        }
    }

    /// Text of a joined field; nil when there is none.
    func text(_ field: JoinedField) -> String? {
        switch field {
        case .asset: situation.$subject?.value.id
        case .assetType: situation.$subject?.value.deviceType
        case .assetIsCritical: situation.$subject.map { flag($0.value.isLifeCritical) }
        case .assetHoldsHealthInformation: situation.$subject.map { flag($0.value.holdsHealthInformation) }
        case .assetVendor: situation.$subject.flatMap { filled($0.value.manufacturer) }
        case .assetModel: situation.$subject.flatMap { filled($0.value.model) }
        case .assetFirmware: situation.$subject.flatMap { filled($0.value.firmware) }
        case .assetZone: situation.$subject.flatMap { filled($0.value.zone) }
        case .assetTier: situation.subjectZone.flatMap { filled($0.tier) }
        case .exposure: situation.exposure?.rawValue
        case .subject: situation.subjectName.isEmpty ? nil : situation.subjectName
        case .sourceAsset: situation.$source?.value.id
        case .targetAsset: situation.$target?.value.id
        case .sourceIsDevice: flag(sourceIsDevice)
        case .sourceZone: situation.sourceZone?.id
        case .sourceTier: situation.sourceZone.flatMap { filled($0.tier) }
        case .targetZone: situation.targetZone?.id
        case .sourceIsInternet: flag(situation.sourceIsInternet)
        case .targetIsInternet: flag(situation.targetIsInternet)
        case .subjectAddress, .sourceAddress: address(field)?.description
        case .sourceIsMedical: situation.sourceZone.map { flag($0.isMedical) }
        case .targetIsMedical: situation.targetZone.map { flag($0.isMedical) }
        case .sourceIsScanner: flag(situation.sourceIsScanner)
        case .conduit: situation.verdict?.rawValue
        case .isNewPeer: flag(situation.isNewPeer)
        case .peer: situation.peer.isEmpty ? nil : situation.peer
        case .userIsVendor: flag(situation.isVendor)
        case .userIsOfAssetVendor:
            situation.$subject.map { asset in
                flag(asset.value.vendorAccounts.contains { $0.lowercased() == situation.user.lowercased() })
            }
        case .changeKind: situation.$change.flatMap { filled($0.value.kind) }
        case .userConduit: situation.conduit.rawValue
        case .change: situation.$change?.value.id
        case .bracket: situation.bracket?.rawValue
        case .approved: situation.isApproved.map { $0 ? "yes" : "no" } ?? "unknown"
        case .hashDiffers: flag(situation.hashDiffers)
        case .sourceReachedBy: situation.sourceReachedBy
        case .assetReachedBy: situation.assetReachedBy
        case .isInteractive: flag(situation.isInteractive)
        }
    }

    private var sourceIsDevice: Bool {
        guard let source = situation.$source?.value, situation.sourceZone?.isMedical ?? false else {
            return false
        }
        return !source.deviceType.lowercased().contains("server")
    }

    private func filled(_ text: String) -> String? { text.isEmpty ? nil : text }

    private func flag(_ value: Bool) -> String { value ? "true" : "false" }
}
