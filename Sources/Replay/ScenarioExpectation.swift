// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel
public import Projections
import QueryEngine
import WireFormats

/// What a scenario must and must not lead to (`expected.json`, `NAME.expect.json`).
public struct ScenarioExpectation: Hashable, Sendable {
    /// Whether there must be an incident; if not, there must be none.
    public var hasIncident: Bool
    /// Asset ids that the incidents must name together.
    public var devices: [String]
    /// Classes of which one incident must show ``classCountMin`` or all.
    public var classes: [EventClass]
    /// Most incidents in all.
    public var incidentCountMax: Int
    /// Most devices in incidents beyond `devices`.
    public var extraDeviceCountMax: Int
    /// Time that resolves years and ends the scenario; absent if not given.
    public var referenceTime: UTCTime

    /// A joined attack shows in at least so many of its classes.
    public static let classCountMin = 2

    /// An expectation of quiet, unless told otherwise.
    public init(
        hasIncident: Bool = false,
        devices: [String] = [],
        classes: [EventClass] = [],
        incidentCountMax: Int = 1,
        extraDeviceCountMax: Int = 0,
        referenceTime: UTCTime = .absent
    ) {
        self.hasIncident = hasIncident
        self.devices = devices
        self.classes = classes
        self.incidentCountMax = incidentCountMax
        self.extraDeviceCountMax = extraDeviceCountMax
        self.referenceTime = referenceTime
    }

    /// Reads the members that decide; others (title, why, basis) are for people.
    ///
    /// - Throws: `input` with `location` where the text is no JSON object or a member has the wrong type.
    public init(parsing text: [UInt8], location: String) throws(WardlineError) {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: text.span)
        } catch {
            throw WardlineError(.input, "The expectation is not JSON.", cause: "\(error)", location: location)
        }
        func refuse(_ member: String, _ wanted: String) -> WardlineError {
            WardlineError(
                .input,
                "Member \"\(member)\" of the expectation must be \(wanted).",
                location: location
            )
        }
        guard let hasIncident = json["incident"]?.bool else { throw refuse("incident", "true or false") }
        self.init(hasIncident: hasIncident)
        devices = try ScenarioExpectation.texts(json, "devices", refuse)
        for name in try ScenarioExpectation.texts(json, "classes", refuse) {
            guard let found = EventClass(name: name) else { throw refuse("classes", "a list of class names") }
            classes.append(found)
        }
        for (member, path) in [
            ("incidents_max", \ScenarioExpectation.incidentCountMax),
            ("extra_devices_max", \ScenarioExpectation.extraDeviceCountMax),
        ] {
            guard let value = json[member], value != .null else { continue }
            guard let count = value.integer, count >= 0 else { throw refuse(member, "a whole number from 0") }
            self[keyPath: path] = Int(clamping: count)
        }
        guard let reference = json["reference_time"], reference != .null else { return }
        do {
            // Times relative to now would change with the day of the test: "now" is a fixed one.
            let epoch = UTCTime(nanoseconds: 0)
            referenceTime = try TimeExpression.parse(reference.text ?? "", now: epoch, zone: .utc)
        } catch {
            throw refuse("reference_time", "an RFC 3339 time")
        }
    }

    private static func texts(
        _ json: JSONValue,
        _ member: String,
        _ refuse: (String, String) -> WardlineError
    ) throws(WardlineError) -> [String] {
        guard let value = json[member], value != .null else { return [] }
        guard let elements = value.elements else { throw refuse(member, "a list of texts") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.text else { throw refuse(member, "a list of texts") }
            texts.append(text)
        }
        return texts
    }

    /// What is wrong with `incidents`, one sentence each; empty when they are as expected.
    public func differences(from incidents: [StoredIncident]) -> [String] {
        let ids = incidents.map(\.id).sorted().joined(separator: ", ")
        guard hasIncident else {
            return incidents.isEmpty ? [] : ["expected no incident, found \(incidents.count): \(ids)"]
        }
        guard !incidents.isEmpty else { return ["expected an incident, found none"] }
        var found: [String] = []
        if incidents.count > incidentCountMax {
            found.append("expected at most \(incidentCountMax) incidents, found \(incidents.count): \(ids)")
        }
        let named = Set(incidents.flatMap(\.devices))
        let missing = devices.filter { !named.contains($0) }
        if !missing.isEmpty { found.append("no incident names " + missing.joined(separator: ", ")) }
        let extra = named.subtracting(devices).sorted()
        if extra.count > extraDeviceCountMax {
            found.append(
                "expected at most \(extraDeviceCountMax) other devices, found \(extra.count): "
                    + extra.joined(separator: ", ")
            )
        }
        let needed = min(ScenarioExpectation.classCountMin, Set(classes).count)
        let best = incidents.map { Set($0.classes).intersection(classes).count }.max() ?? 0
        if best < needed {
            let names = classes.map(\.name).joined(separator: ", ")
            found.append(
                "no incident has evidence of \(needed) of the classes \(names); the best has \(best)"
            )
        }
        return found
    }
}
