// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import QueryEngine
import WireFormats

/// What the journal says became of an incident that is none any more.
struct IncidentFate: Hashable, Sendable {
    /// Its id.
    var id: String
    /// `merged`, `split`, `retracted` or `suppressed`.
    var word: String
    /// The incidents that its alerts went to; of a suppressed one the incident that was closed as benign.
    var into: [String]
    /// Why.
    var reason: String

    private static let words: Set<String> = ["merged", "split", "retracted", "suppressed"]

    init?(_ fact: JSONValue) {
        guard let name = fact["fact"]?.text, name.hasPrefix("incident."), let id = fact["id"]?.text else {
            return nil
        }
        word = String(name.dropFirst("incident.".count))
        guard IncidentFate.words.contains(word), fact["alerts"] == nil else { return nil }
        self.id = id
        let heir = (fact["into"] ?? fact["by"])
        into = heir?.elements?.compactMap(\.text) ?? heir?.text.map { [$0] } ?? []
        reason = fact["because"]?.text ?? ""
    }

    /// In one sentence.
    var sentence: String {
        let place =
            into.isEmpty ? "" : (word == "suppressed" ? " by " : " into ") + into.joined(separator: ", ")
        return "\(id) was \(word)\(place)" + (reason.isEmpty ? "" : ": \(reason)")
    }
}

extension StoreReader {
    /// What became last of the incident with that id, or of the only one that begins so; nil where the
    /// journal knows none, or several.
    ///
    /// Compared without regard to ASCII case.
    ///
    /// - Complexity: Reads the journal whole.
    func fate(of id: String) throws(WardlineError) -> IncidentFate? {
        let wanted = id.uppercased()
        var found: [String: IncidentFate] = [:]
        try forEachJournalEntry { _, bytes in
            guard let fact = try? JSONValue(parsing: bytes.span), let fate = IncidentFate(fact),
                fate.id.uppercased().hasPrefix(wanted)
            else { return }
            found[fate.id] = fate
        }
        return found.first { $0.key.uppercased() == wanted }?.value
            ?? (found.count == 1 ? found.values.first : nil)
    }
}
