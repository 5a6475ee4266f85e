// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Normalization

/// Turns the YAML of a configuration file into values; unknown keys are refused with a suggestion.
struct ConfigurationReader {
    let file: String

    /// Most listeners: each costs a socket and, for datagrams, a thread.
    static let listenerCountMax = 64
    /// Cap of a record: at least what RFC 5424 section 6.1 wants every receiver to take; at most what fits a
    /// batch many times.
    static let messageSizes = 2_048...1_048_576

    func configuration(of root: YAMLNode) throws(SiteFilesError) -> Configuration {
        var result = Configuration()
        let keys = [
            "node", "data", "listen", "limits", "time", "site", "rules", "decoders", "fsync", "store",
            "retention", "follow",
        ]
        for (key, value) in try members(root, allowed: keys) {
            switch key.text {
            case "node": try node(value, into: &result)
            case "data": result.data = try text(value)
            case "listen": result.listeners = try listeners(value)
            case "limits": result.limits = try limits(value)
            case "time": try time(value, into: &result)
            case "site": result.site = try texts(value)
            case "rules": result.rules = try texts(value)
            case "decoders": result.decoders = try texts(value)
            case "follow": result.follow = try follow(value)
            case "store": result.deflate = try deflate(value)
            case "retention": result.retention = try retention(value)
            default: result.groupCommit = try groupCommit(value)
            }
        }
        return result
    }

    /// `node: ward-01`, or `node: { id: ward-01, data: DIR }`.
    private func node(_ node: YAMLNode, into result: inout Configuration) throws(SiteFilesError) {
        guard node.members != nil else {
            result.node = try text(node)
            return
        }
        for (key, value) in try members(node, allowed: ["id", "data"]) {
            if key.text == "id" { result.node = try text(value) } else { result.data = try text(value) }
        }
    }

    private func limits(_ node: YAMLNode) throws(SiteFilesError) -> Configuration.Limits {
        var limits = Configuration.Limits()
        for (key, value) in try members(node, allowed: ["max_message", "connections", "receive_buffer"]) {
            switch key.text {
            case "max_message":
                limits.messageSizeMaxBytes = try size(value, ConfigurationReader.messageSizes)
            case "connections": limits.connectionCountMax = try count(value, 1...100_000)
            default: limits.receiveBufferBytes = try size(value, 4_096...1_073_741_824)
            }
        }
        return limits
    }

    private func time(_ node: YAMLNode, into result: inout Configuration) throws(SiteFilesError) {
        for (key, value) in try members(node, allowed: ["default_zone", "correct_clocks", "lateness"]) {
            switch key.text {
            case "default_zone": try zone(value)
            case "correct_clocks":
                result.clockCorrection = try choice(value, Configuration.ClockCorrection.allCases, \.rawValue)
            default: result.latenessNanoseconds = try duration(value, 0...24 * 3_600 * UTCTime.second)
            }
        }
    }

    /// A name of the time-zone database; whether this machine has it is found when it is used.
    /// Stamps without a zone are read as UTC, and measured clocks correct what that leaves: another zone
    /// would be a promise that nothing keeps.
    private func zone(_ node: YAMLNode) throws(SiteFilesError) {
        let name = try text(node)
        guard ["UTC", "Z", "Etc/UTC"].contains(name) else {
            throw error(
                node.mark,
                "stamps without a zone are read as UTC, not as '\(name)'",
                "write UTC or leave it out; correct_clocks measures how far a clock is off"
            )
        }
    }

    /// `store: { deflate: auto }`.
    private func deflate(_ node: YAMLNode) throws(SiteFilesError) -> Configuration.Deflate {
        var result = Configuration.Deflate.auto
        for (_, value) in try members(node, allowed: ["deflate"]) {
            result = try choice(value, Configuration.Deflate.allCases, \.rawValue)
        }
        return result
    }

    /// `fsync: group(20ms)` or `fsync: { every: 20ms, bytes: 4MiB }`.
    private func groupCommit(_ node: YAMLNode) throws(SiteFilesError) -> Configuration.GroupCommit {
        var commit = Configuration.GroupCommit()
        // A crash may cost what came within this time: a second is the most that we let a sender lose.
        let delays: ClosedRange<Int64> = 1_000_000...UTCTime.second
        if let scalar = node.scalar {
            guard scalar.text.hasPrefix("group("), scalar.text.hasSuffix(")"),
                let delay = Quantity.nanoseconds(String(scalar.text.dropFirst(6).dropLast())),
                delays.contains(delay)
            else {
                throw error(
                    scalar.mark,
                    "'\(scalar.text)' is no group commit",
                    "write group(20ms), 1ms to 1s"
                )
            }
            commit.delayNanoseconds = delay
            return commit
        }
        for (key, value) in try members(node, allowed: ["every", "bytes"]) {
            if key.text == "every" {
                commit.delayNanoseconds = try duration(value, delays)
            } else {
                commit.sizeMaxBytes = try size(value, 65_536...16_777_216)
            }
        }
        return commit
    }
}
