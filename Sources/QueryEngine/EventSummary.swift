// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// An event in a few words for people.
///
/// Device text in it is not escaped yet.
public enum EventSummary {
    /// Most characters of a message that is shown instead of fields.
    public static let messageLengthMax = 120

    /// The words of event `index`.
    public static func text(_ batch: EventBatch, _ index: Int) -> String {
        let event = batch.events[index]
        var words: [String] = []
        if event.action != .other { words.append(event.action.name.replacing("_", with: " ")) }
        if event.outcome == .failure, event.action != .deny { words.append("failed") }
        switch event.eventClass {
        case .network: words += flow(batch, index)
        case .update: words += software(batch, index)
        case .access, .unclassified: break
        }
        words += people(batch, index, showsSource: event.eventClass != .network)
        for (name, field) in [
            ("code", FieldID.vendorCode), ("artefact", .artefact), ("policy", .policyName),
            ("change", .changeID),
        ] {
            if let value = batch.text(field, in: index) { words.append("\(name)=\(value)") }
        }
        let isBare = words.count <= (event.action == .other ? 0 : event.outcome == .failure ? 2 : 1)
        if isBare, let message = batch.text(.message, in: index) ?? batch.text(.reason, in: index) {
            words.append(
                message.count > messageLengthMax ? message.prefix(messageLengthMax - 1) + "…" : message
            )
        }
        return words.joined(separator: " ")
    }

    private static func people(_ batch: EventBatch, _ index: Int, showsSource: Bool) -> [String] {
        var words: [String] = []
        if let user = batch.text(.userName, in: index) { words.append("user=\(user)") }
        if let target = batch.text(.userTarget, in: index) { words.append("target=\(target)") }
        if let method = batch.text(.authMethod, in: index) { words.append("method=\(method)") }
        if let factor = batch.text(.authMFA, in: index) { words.append("mfa=\(factor)") }
        if showsSource, let source = end(batch, index, .sourceIP, .sourceHost, nil) {
            words.append("src=\(source)")
        }
        return words
    }

    private static func flow(_ batch: EventBatch, _ index: Int) -> [String] {
        var words: [String] = []
        if let from = batch.text(.sourceZone, in: index), let to = batch.text(.targetZone, in: index) {
            words.append("\(from) -> \(to)")
        }
        let source = end(batch, index, .sourceIP, .sourceHost, .sourcePort)
        let target = end(batch, index, .targetIP, .targetHost, .targetPort)
        switch (source, target) {
        case (let source?, let target?): words.append("\(source) -> \(target)")
        case (let source?, nil): words.append("from \(source)")
        case (nil, let target?): words.append("to \(target)")
        case (nil, nil): break
        }
        if let name = batch.text(.networkProtocol, in: index) ?? batch.text(.networkTransport, in: index) {
            words.append(name)
        }
        return words
    }

    private static func software(_ batch: EventBatch, _ index: Int) -> [String] {
        var words = [batch.text(.softwareName, in: index) ?? batch.text(.vendorProduct, in: index)].compactMap
        { $0 }
        switch (batch.text(.softwareFrom, in: index), batch.text(.softwareTo, in: index)) {
        case (let from?, let to?): words.append("\(from) -> \(to)")
        case (let from?, nil): words.append("from \(from)")
        case (nil, let to?): words.append("to \(to)")
        case (nil, nil): break
        }
        return words
    }

    private static func end(
        _ batch: EventBatch,
        _ index: Int,
        _ address: FieldID,
        _ host: FieldID,
        _ port: FieldID?
    ) -> String? {
        guard let name = batch.text(address, in: index) ?? batch.text(host, in: index) else { return nil }
        guard let port, let number = batch.text(port, in: index) else { return name }
        return name.contains(":") ? "[\(name)]:\(number)" : "\(name):\(number)"
    }

    /// The device an event speaks of: its host name or address, or the identifier in the line; empty if none.
    public static func device(_ batch: EventBatch, _ index: Int) -> String {
        batch.text(.hostName, in: index) ?? batch.text(.deviceID, in: index) ?? batch.text(.hostIP, in: index)
            ?? batch.text(.sourceHost, in: index) ?? ""
    }
}
