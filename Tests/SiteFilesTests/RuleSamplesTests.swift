// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Correlation
import EventModel
import SiteFiles
import Testing

/// Events that are made from rules, as the engine judges them.
struct RuleSamplesTests {
    private static func samples(_ text: String) -> [RuleSamples.Sample] {
        RuleSamples([SigmaReader.File(name: "r.yml", bytes: Array(text.utf8))]).samples
    }

    private static func detection(_ detection: String) -> String {
        "title: T\nname: t\nlogsource: {category: x}\ndetection: \(detection)\n"
    }

    @Test(arguments: [
        "{s: {a: b}, condition: s}", "{s: {a|contains: b, a|endswith: c}, condition: s}",
        "{s: {a|contains|all: [x y, z]}, condition: s}", "{s: [needle, other], condition: s}",
        "{s: {a|re: '^b[0-9]{3}(x|y)+$'}, condition: s}", "{s: {a|cidr: 10.0.0.0/8}, condition: s}",
        "{s: {a|gt: 5, b|lte: 2.5}, condition: s}", "{s: {a|exists: true, b: null}, condition: s}",
        "{s: {a: b}, f: {a: b, c: d}, condition: s and not f}", "{f: {a: b}, condition: not f}",
        "{s: {a|fieldref: b}, condition: s}", "{s: {a|hour|gte: 22}, condition: s}",
        "{s: {wardline.asset|exists: true, action: [login, logout]}, condition: s}",
        "{s1: {a: b}, s2: {c: d}, condition: 1 of s*}", "{s1: {a: b}, s2: {c: d}, condition: all of s*}",
        "{s: {a|base64offset|contains: secret}, condition: s}",
        "{s: {a|windash|contains: ' -x '}, condition: s}", "{s: {a|re: 'copy\\b.{1,9}\\bto'}, condition: s}",
        "{s: {a|exists: true, b|exists: true}, f: {a|fieldref: b}, condition: s and not f}",
        "{s: {a|neq: b, c: d}, condition: s}",
    ]) func `a detection gets an event that matches and one that does not`(_ text: String) throws {
        let sample = try #require(Self.samples(Self.detection(text)).first)
        #expect(sample.isWhole, "\(sample)")
    }

    /// The planted mutant: a rule that nothing can match gets no event.
    @Test func `what nothing matches gets no event`() throws {
        let sample = try #require(Self.samples(Self.detection("{s: {a: b}, condition: s and not s}")).first)
        #expect(sample.matching.isEmpty)
        #expect(!sample.isWhole)
    }

    @Test(arguments: [
        "type: event_count, rules: [a], group-by: [u], timespan: 1m, condition: {gte: 4}",
        "type: event_count, rules: [a], timespan: 1m, condition: {eq: 2}",
        "type: value_count, rules: [a], timespan: 1m, condition: {gt: 2, field: v}",
        "type: value_sum, rules: [a], timespan: 1m, condition: {gte: 100, field: n}",
        "type: temporal, rules: [a, b], timespan: 1m, group-by: [u]",
        "type: temporal_ordered, rules: [b, a], timespan: 1m",
        "type: temporal, timespan: 1m, condition: a and b",
    ]) func `a correlation gets a run of events that matches, and a shorter one that does not`(
        _ text: String
    )
        throws
    {
        let rules = ["a", "b"].map {
            "title: \($0)\nname: \($0)\nlogsource: {category: x}\n"
                + "detection: {s: {k: \($0)}, condition: s}\n---\n"
        }
        let samples = Self.samples(rules.joined() + "title: C\nname: c\ncorrelation: {\(text)}\n")
        let sample = try #require(samples.last)
        #expect(samples.count == 3)
        #expect(sample.isWhole, "\(sample)")
    }

    /// What Wardline adds to correlations.
    @Test(arguments: [
        ("{type: temporal_ordered, timespan: 1h, group-by: [u]}", "{sequence: {steps: [a, b]}}"),
        (
            "{type: temporal_ordered, timespan: 1h, group-by: [u]}",
            "{sequence: {steps: [{rule: a, runs: 3}, b]}, absence: {rule: c}}"
        ),
        ("{type: temporal_ordered, timespan: 1h}", "{sequence: {steps: [a]}, absence: {rule: b}}"),
        (
            "{type: event_count, rules: [a], group-by: [u], timespan: 1h, condition: {gte: 1}}",
            "{first-seen: {fields: [v], learn: 14d}}"
        ),
        (
            "{type: event_count, rules: [a], group-by: [u], timespan: 1h, condition: {gte: 1}}",
            "{first-seen: {fields: [u], learn: 1h, forget: 90d}}"
        ),
        (
            "{type: event_count, rules: [a], group-by: [u], timespan: 1h, condition: {gte: 5}}",
            "{baseline: {days: 7, factor: 3, min-days: 2}}"
        ),
        (
            "{type: temporal_ordered, timespan: 1h}",
            "{sequence: {steps: [a, {rule: b, join: {u: k}}]}}"
        ),
        ("{type: value_count, rules: [a], timespan: 1h, condition: {gte: 3, field: v}}", "{}"),
        // The rules give one key other values.
        (
            "{type: temporal_ordered, rules: [a, b], timespan: 1h, group-by: [s], "
                + "aliases: {s: {a: k, b: u}}}", "{}"
        ),
    ]) func `our own correlations get a run that matches, and one that does not`(
        _ correlation: String,
        _ extras: String
    ) throws {
        let rules = ["a", "b", "c"].map {
            "title: \($0)\nname: \($0)\nlogsource: {category: x}\n"
                + "detection: {s: {k: \($0)}, condition: s}\n---\n"
        }
        let text = rules.joined() + "title: C\nname: z\ncorrelation: \(correlation)\nwardline: \(extras)\n"
        let samples = Self.samples(text)
        let sample = try #require(samples.last)
        #expect(samples.count == 4)
        #expect(sample.isWhole, "\(sample)")
    }

    @Test func `a chain of counts and a sequence gets its run`() throws {
        let rules = """
            title: a
            name: a
            logsource: {category: x}
            detection: {s: {k: a}, condition: s}
            ---
            title: many
            name: many
            correlation: {type: event_count, rules: [a], group-by: [u], timespan: 10s, condition: {gte: 5}}
            ---
            title: b
            name: b
            logsource: {category: x}
            detection: {s: {k: b}, condition: s}
            ---
            title: then
            name: then
            correlation: {type: temporal_ordered, rules: [many, b], group-by: [u], timespan: 1h}

            """
        let samples = Self.samples(rules)
        #expect(samples.map(\.isWhole) == [true, true, true, true])
        #expect(samples.last?.matching.count == 6)
    }
}
