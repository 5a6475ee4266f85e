// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// A verdict as an event that other rules can correlate (action `security_alert`, decoder `wardline.alert`).
enum AlertNotice {
    /// Decoder that the event names: ourselves.
    static let decoder = "wardline.alert"

    /// The verdict of a rule over `candidates` as one event at the time of the last of them.
    static func candidate(
        _ header: RuleHeader,
        _ key: [String],
        _ candidates: [Candidate],
        _ last: Candidate
    ) -> Candidate {
        var batch = EventBatch()
        batch.decoders = ["none", decoder]
        batch.extensionNames = ["ext.alert.rule", "ext.alert.level"]
        var event = last.event
        event.action = .securityAlert
        event.outcome = .unknown
        event.decoder = 1
        batch.begin(event)
        batch.add(FieldID(rawValue: FieldID.firstExtension), header.reference)
        batch.add(FieldID(rawValue: FieldID.firstExtension + 1), header.level.name)
        var users: Set<String> = []
        var addresses: Set<String> = []
        for candidate in candidates {
            if !candidate.situation.user.isEmpty { users.insert(candidate.situation.user) }
            if let address = candidate.situation.sourceAddress, !address.isLoopback {
                addresses.insert(address.description)
            }
        }
        for user in users.sorted() { batch.add(.userName, user) }
        for address in addresses.sorted() { batch.add(.sourceIP, address) }
        return Candidate(batch: batch, index: 0)
    }
}
