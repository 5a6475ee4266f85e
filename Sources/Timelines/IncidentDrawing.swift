// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
import EventModel

/// The timelines of several incidents, drawn together.
///
/// Each event is shown only to those that it can be part of: those whose evidence it is, that are about an
/// asset of it, or, for access, about a user of it. So a drawing costs one look per event, however many
/// incidents there are.
public struct IncidentDrawing: Sendable {
    /// The incidents with their timelines so far, in the order in which they were given.
    public private(set) var assemblies: [IncidentAssembly]
    private var byPlace: [IncidentAssembly.Place: [Int]] = [:]
    private var byDevice: [String: [Int]] = [:]
    private var byUser: [String: [Int]] = [:]

    /// Prepares for the events around `cores`.
    public init(_ cores: [IncidentCore]) {
        assemblies = cores.map { IncidentAssembly($0) }
        for (number, assembly) in assemblies.enumerated() {
            for place in assembly.places { byPlace[place, default: []].append(number) }
            for device in assembly.devices { byDevice[device, default: []].append(number) }
            for user in assembly.users { byUser[user, default: []].append(number) }
        }
    }

    /// Whether there is nothing to draw.
    public var isEmpty: Bool { assemblies.isEmpty }

    /// Incidents that an event may be part of, ascending.
    private func numbers(
        _ event: Event,
        _ assets: some Sequence<String>,
        _ users: some Sequence<String>
    ) -> [Int] {
        var found = byPlace[IncidentAssembly.Place(offset: event.offset, ordinal: event.ordinal)] ?? []
        for asset in assets where !asset.isEmpty { found += byDevice[asset] ?? [] }
        if event.eventClass == .access, !byUser.isEmpty {
            for user in users { found += byUser[user.lowercased()] ?? [] }
        }
        return found.count < 2 ? found : Set(found).sorted()
    }

    private func numbers(_ judged: JudgedEvent) -> [Int] {
        let (batch, index) = (judged.batch, judged.index)
        let users = [FieldID.userName, .userTarget].lazy.compactMap { batch.text($0, in: index) }
        return numbers(judged.event, [judged.subject, judged.source, judged.target], users)
    }

    /// The digest of an event that may be part of some incident; nil where it cannot.
    public func digest(_ judged: JudgedEvent) -> EventDigest? {
        let isNear = numbers(judged).contains { assemblies[$0].isNear(judged.event.time) }
        return isNear ? EventDigest(judged) : nil
    }

    /// Whether an event is part of some incident.
    public func isPart(_ judged: JudgedEvent) -> Bool {
        guard let digest = digest(judged) else { return false }
        return numbers(judged).contains { assemblies[$0].role(of: digest) != nil }
    }

    /// Takes the next event in the order of time and offset.
    public mutating func take(_ digest: EventDigest) {
        var event = Event(offset: digest.offset, time: digest.time, logTime: .absent)
        event.ordinal = digest.ordinal
        event.eventClass = digest.eventClass
        for number in numbers(event, digest.assets, digest.users) { assemblies[number].take(digest) }
    }
}
