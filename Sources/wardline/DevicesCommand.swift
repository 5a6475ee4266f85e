// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import EventModel
import Projections
import QueryEngine

/// `wardline devices`: the inventory with what the log knows of each device.
struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "List devices, when they were last heard, and their versions.",
        discussion: "Exit status 1 when there is none."
    )

    @Argument(help: ArgumentHelp("Only devices whose id or host name begins so.", valueName: "DEVICE"))
    var name: String?

    @Flag(help: "Only devices that no record came from.")
    var silent = false

    @Option(name: .long, help: ArgumentHelp("Only devices of this zone.", valueName: "ZONE"))
    var zone: String?

    @OptionGroup var list: ListOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, mode: list.output, pages: true)
        let reader = try StoreReader(path: StoreLocation.path(store, context.environment))
        let found = list.selection(
            try CurrentModels.open(reader, isQuiet: common.quiet).devices().filter(isWanted)
        )
        context.write(
            list.output,
            objects: found.map(DeviceList.object),
            table: DeviceList.table(found, context)
        )
        context.output.finish()
        if found.isEmpty {
            if !common.quiet {
                Messages.note("no such devices; `wardline import assets FILE` loads an inventory")
            }
            throw Outcome.nothingFound
        }
    }

    private func isWanted(_ device: StoredDevice) -> Bool {
        if silent, device.seen.records > 0 { return false }
        if let zone, device.definition.zone.lowercased() != zone.lowercased() { return false }
        guard let name else { return true }
        let wanted = name.lowercased()
        return device.definition.asset.lowercased().hasPrefix(wanted)
            || device.definition.hostName.lowercased().hasPrefix(wanted)
    }
}

/// Devices as rows.
enum DeviceList {
    /// The object of `schemas/output/device-v1.schema.json`.
    static func object(_ device: StoredDevice) -> JSONValue {
        let definition = device.definition
        let texts: [(String, String)] = [
            ("device", definition.asset), ("host", definition.hostName), ("class", definition.deviceType),
            ("manufacturer", definition.manufacturer), ("model", definition.model), ("zone", definition.zone),
            ("location", definition.location), ("owner", definition.owner), ("status", definition.status),
            ("version", version(device)), ("version_inventory", definition.version),
        ]
        var members = texts.filter { $0.0 == "device" || !$0.1.isEmpty }.map {
            JSONValue.Member($0.0, .text($0.1))
        }
        members.append(.init("life_critical", .bool(definition.isLifeCritical)))
        members.append(.init("listed", .bool(device.isListed)))
        members.append(.init("records", .integer(device.seen.records)))
        members.append(.init("first_seen", time(device.seen.firstSeen)))
        members.append(.init("last_seen", time(device.seen.lastSeen)))
        members.append(.init("skew_ms", device.seen.skew.map { .integer($0 / 1_000_000) } ?? .null))
        return .object(members)
    }

    private static func time(_ time: UTCTime) -> JSONValue {
        time.isPresent ? .text(time.description) : .null
    }

    /// The version the device reported last, else the one in the inventory.
    private static func version(_ device: StoredDevice) -> String {
        device.seen.version?.text ?? device.definition.version
    }

    static func table(_ devices: [StoredDevice], _ context: CommandContext) -> [String] {
        guard !devices.isEmpty else { return [] }
        var table = TextTable([
            .init(title: "DEVICE"), .init(title: "CLASS", isElastic: true), .init(title: "ZONE"),
            .init(title: "VERSION"), .init(title: "LAST SEEN"), .init(title: "RECORDS", alignRight: true),
            .init(title: "SKEW", alignRight: true), .init(title: "NOTE", isElastic: true),
        ])
        for device in devices {
            var notes: [String] = []
            if !device.isListed { notes.append("not in the inventory") }
            if device.seen.records == 0 { notes.append("silent") }
            if let seen = device.seen.version, !device.definition.version.isEmpty,
                seen.text != device.definition.version
            {
                notes.append("inventory says \(device.definition.version)")
            }
            table.add([
                device.definition.asset, device.definition.deviceType, device.definition.zone,
                version(device),
                context.times.seconds(device.seen.lastSeen), Amount.count(device.seen.records),
                device.seen.skew.map(Amount.skew) ?? "", notes.joined(separator: "; "),
            ])
        }
        return table.lines(width: context.width, palette: context.palette)
    }
}
