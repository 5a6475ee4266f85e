// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
public import EventModel
public import Inventory

/// What of an asset weighs in a risk, as of the incident's last evidence.
public struct AssetStanding: Hashable, Sendable {
    /// Whether a patient's life may depend on it.
    public var isLifeCritical: Bool
    /// Whether it stores health information.
    public var holdsHealthInformation: Bool
    /// From how far it can be reached.
    public var exposure: Exposure

    /// Makes a standing.
    public init(isLifeCritical: Bool, holdsHealthInformation: Bool, exposure: Exposure) {
        self.isLifeCritical = isLifeCritical
        self.holdsHealthInformation = holdsHealthInformation
        self.exposure = exposure
    }

    /// The standing of `asset` in `register` at `time`.
    public init(_ asset: Asset, in register: AssetRegister, at time: UTCTime) {
        isLifeCritical = asset.isLifeCritical
        holdsHealthInformation = asset.holdsHealthInformation
        exposure = register.exposure(of: asset, at: time)
    }

    /// Percent by which it multiplies: patients first, then their data.
    fileprivate var criticality: Int { isLifeCritical ? 130 : holdsHealthInformation ? 110 : 100 }

    /// Percent by which it multiplies.
    fileprivate var reach: Int {
        switch exposure {
        case .internet: 115
        case .vendor: 108
        case .internal: 100
        case .none: 95
        }
    }
}

/// Risk of an incident: rule level x criticality of the asset x exposure, with decay in event time (decision
/// 0044).
///
/// Integers only, so that it is the same on every machine.
public enum IncidentRisk {
    /// Event time in which a risk halves: a week.
    public static let halfLifeNanoseconds: Int64 = 7 * 86_400 * UTCTime.second
    /// Percent for what is about no asset of the inventory.
    private static let unknownAsset = 80

    /// 2 to the power of -1/64, -2/64 and so on, times 65,536.
    private static let powers: [UInt64] = {
        // 2^(-1/64) times 2^32.
        let step: UInt64 = 4_248_701_965
        var power: UInt64 = 1 << 32
        return (0..<64).map { _ in
            defer { power = (power * step + 1 << 31) >> 32 }
            return (power + 1 << 15) >> 16
        }
    }()

    /// `risk` so long after it was that: half of it after each half-life, in steps of a sixty-fourth of one.
    ///
    /// - Parameters:
    ///   - risk: 0 or more, at most 2^40.
    ///   - last: when it was that.
    ///   - time: what it is asked for; before `last` nothing has decayed.
    public static func decayed(_ risk: Int, from last: UTCTime, to time: UTCTime) -> Int {
        guard last.isPresent, time > last, risk > 0 else { return risk }
        let (age, overflow) = time.nanoseconds.subtractingReportingOverflow(last.nanoseconds)
        let steps = overflow ? Int64.max : age / (halfLifeNanoseconds / 64)
        let halves = steps / 64
        guard halves < 40 else { return 0 }
        let scaled = UInt64(risk) * powers[Int(steps % 64)]
        let shift = UInt64(16 + halves)
        return Int((scaled + (1 << (shift - 1))) >> shift)
    }

    /// Risk at the last witness of `alerts`, 0...100.
    ///
    /// For each rule the alert that weighs most: its level, times the asset that weighs most, decayed from
    /// its last witness. The greatest counts whole, every other rule adds a twentieth.
    static func risk(of alerts: [Alert], _ standing: (String) -> AssetStanding?) -> Int {
        guard let last = alerts.map(\.last).max() else { return 0 }
        var factors: [String: Int] = [:]
        func factor(_ asset: String) -> Int {
            if let known = factors[asset] { return known }
            let found = standing(asset).map { $0.criticality * $0.reach } ?? unknownAsset * 100
            factors[asset] = found
            return found
        }
        var byRule: [String: Int] = [:]
        for alert in alerts {
            let base = [40, 120, 280, 480, 640][Int(alert.level.rawValue)]
            let asset = alert.assets.map(factor).max() ?? unknownAsset * 100
            // Ten thousand for each of the hundred points.
            let weight = decayed(base * asset / 10, from: alert.last, to: last)
            byRule[alert.rule] = max(byRule[alert.rule] ?? 0, weight)
        }
        let weights = byRule.values.sorted(by: >)
        guard let most = weights.first else { return 0 }
        let sum = most + weights.dropFirst().reduce(0, +) / 20
        return min(100, (sum + 5_000) / 10_000)
    }
}

extension Incident {
    /// Its risk at `time`, which is event time: what it was at the last evidence, decayed since.
    public func risk(at time: UTCTime) -> Int { IncidentRisk.decayed(risk, from: last, to: time) }
}
