// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Correlation
public import EventModel
import Inventory

/// An event as a timeline needs it: entities resolved as of its time, and one line in words.
public struct EventDigest: Hashable, Sendable {
    /// Record offset.
    public var offset: Offset
    /// Index among the events of the record.
    public var ordinal: UInt16
    /// Corrected event time.
    public var time: UTCTime
    /// Half width of the uncertainty band, nanoseconds.
    public var uncertainty: Int64
    /// Device clock resolved to UTC; absent if the line had none.
    public var deviceTime: UTCTime
    /// The log it belongs to.
    public var eventClass: EventClass
    /// What happened.
    public var action: Action
    /// How it ended.
    public var outcome: Outcome
    /// Asset id of the subject, else the claimed host; empty if neither.
    public var device: String
    /// Assets that took part, sorted.
    public var assets: [String]
    /// Users, sorted, generic accounts left out.
    public var users: [String]
    /// Addresses that belong to no asset, sorted.
    public var addresses: [String]
    /// Whether it is a flow that a conduit allows: the ordinary traffic of its devices.
    public var isAllowedFlow: Bool
    /// `zone` or `zone > zone`.
    public var zonePath: String
    /// One line in words.
    public var summary: String

    /// Digests a judged event.
    public init(_ judged: JudgedEvent) {
        let event = judged.event
        let batch = judged.batch
        let index = judged.index
        offset = event.offset
        ordinal = event.ordinal
        time = event.time
        uncertainty = event.uncertainty
        deviceTime = event.deviceTime
        eventClass = event.eventClass
        action = event.action
        outcome = event.outcome
        let resolved = [judged.subject, judged.source, judged.target].filter { !$0.isEmpty }
        assets = Set(resolved).sorted()
        device = resolved.first ?? batch.text(.hostName, in: index) ?? ""
        let names = [batch.text(.userName, in: index), batch.text(.userTarget, in: index)].compactMap { $0 }
        users = Set(names.filter { !AssetRegister.isGeneric($0) }).sorted()
        var strangers: Set<String> = []
        for (field, asset) in [(FieldID.sourceIP, judged.source), (.targetIP, judged.target)]
        where asset.isEmpty {
            guard let address = batch.address(field, in: index), !address.isLoopback else { continue }
            strangers.insert(address.description)
        }
        addresses = strangers.sorted()
        isAllowedFlow = judged.isAllowedFlow
        let zones = [judged.sourceZone, judged.targetZone].filter { !$0.isEmpty }
        zonePath = zones.isEmpty ? judged.homeZone : zones.joined(separator: " > ")
        summary = EventWords.line(batch, index)
    }
}

/// Says an event in one line: what happened, then the fields that matter, then a little of what the device
/// said.
enum EventWords {
    /// Longest line, in characters: fits beside time and device on a wide terminal.
    static let lengthMax = 160

    private static let fields: [(FieldID, String)] = [
        (.userName, "user="), (.userTarget, "target="), (.sourceIP, "src="), (.targetIP, "dst="),
        (.targetPort, "port="), (.networkProtocol, "proto="), (.networkBytes, "bytes="),
        (.softwareName, "software="),
        (.softwareFrom, "from="), (.softwareTo, "to="), (.softwareSignature, "signature="),
        (.artefact, "artefact="),
        (.policyName, "policy="), (.objectID, "object="), (.sourceMAC, "mac="),
    ]

    static func line(_ batch: EventBatch, _ index: Int) -> String {
        let event = batch.events[index]
        var text = event.action == .other ? "" : event.action.name.replacing("_", with: " ")
        if event.outcome == .failure { text += text.isEmpty ? "failure" : " failed" }
        for (field, label) in fields {
            guard let value = batch.text(field, in: index), !value.isEmpty else { continue }
            text += (text.isEmpty ? "" : " ") + label + value
        }
        if !isConnection(batch, index), let message = batch.text(.message, in: index), !message.isEmpty {
            text += (text.isEmpty ? "" : ": ") + message
        }
        guard text.count > lengthMax else { return text }
        return String(text.prefix(lengthMax - 3)) + "..."
    }

    /// Whether the fields say all that a person reads of a connection; the words of the firewall only repeat
    /// them.
    private static func isConnection(_ batch: EventBatch, _ index: Int) -> Bool {
        let actions: [Action] = [.connect, .flow, .deny, .close]
        return actions.contains(batch.events[index].action)
            && batch.range(of: .sourceIP, in: index) != nil && batch.range(of: .targetIP, in: index) != nil
    }
}

extension String {
    /// This text with each `old` character replaced; small texts only.
    fileprivate func replacing(_ old: Character, with new: Character) -> String {
        String(map { $0 == old ? new : $0 })
    }
}
