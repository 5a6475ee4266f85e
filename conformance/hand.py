# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Cases that are written by hand: equal stamps, certain order, coverage, baselines, late events."""

STEPS = "type: temporal_ordered, group-by: [k], timespan: 20s"


def cases(document, event, stamp):
    def match(second, verdict="match", **more):
        return {"rule": "found", "group": {"k": "0"}, "time": stamp(second), "verdict": verdict, **more}

    def seen(name, second, kind, **more):
        return event(name, second, kind, k="0", **more)

    pair = document(STEPS + ", rules: [a, b]")
    yield (
        "l4-order", pair, document(STEPS + ", rules: [b, a]"),
        [
            # Different stamps of one source.
            ([seen("e0", 1, "a", uncertainty_ms=5000), seen("e1", 2, "b", uncertainty_ms=5000)],
             [match(2, order="certain")]),
            # Bands of two sources that touch, and that do not.
            ([seen("e0", 1, "a", uncertainty_ms=1000), seen("e1", 3, "b", source="server", uncertainty_ms=1000)],
             [match(3, order="possible")]),
            ([seen("e0", 1, "a", uncertainty_ms=1000), seen("e1", 4, "b", source="server", uncertainty_ms=1000)],
             [match(4, order="certain")]),
            # Equal stamps, either way round, of one source and of two.
            ([seen("e0", 1, "a"), seen("e1", 1, "b")], [match(1, order="possible")]),
            ([seen("e0", 1, "b"), seen("e1", 1, "a")], [match(1, order="possible")]),
            ([seen("e0", 1, "b"), seen("e1", 1, "a", source="server")], [match(1, order="possible")]),
            # The other order.
            ([seen("e0", 1, "b"), seen("e1", 2, "a")], []),
            # Both ends of the span belong to it.
            ([seen("e0", 1, "a"), seen("e1", 21, "b")], [match(21, order="certain")]),
            ([seen("e0", 1, "a"), seen("e1", 22, "b")], []),
            # An event without the field that groups is in no group.
            ([event("e0", 1, "a"), event("e1", 2, "b")], []),
        ],
    )
    yield (
        "l5-coverage", document(STEPS + ", rules: [a, b]", "absence: {rule: b, within: 20s, silence: 10s}"),
        document(STEPS + ", rules: [a, b]", "absence: {rule: b, within: 20s, silence: 30s}"),
        [
            # Heard often enough until the deadline.
            ([seen("e0", 0, "a"), seen("e1", 9, "x"), seen("e2", 18, "x")], [match(20)]),
            # Silent from the ninth second on; silent for ten seconds in the middle.
            ([seen("e0", 0, "a"), seen("e1", 9, "x")], [match(20, "unknown")]),
            ([seen("e0", 0, "a"), seen("e1", 10, "x"), seen("e2", 19, "x")], [match(20, "unknown")]),
            # What another source says is no sign of this one; nor is what comes after the deadline.
            ([seen("e0", 0, "a"), seen("e1", 9, "x"), seen("e2", 18, "x", source="server")], [match(20, "unknown")]),
            ([seen("e0", 0, "a"), seen("e1", 9, "x"), seen("e2", 21, "x")], [match(20, "unknown")]),
            # It came at the deadline, and one second after it.
            ([seen("e0", 0, "a"), seen("e1", 20, "b")], []),
            ([seen("e0", 0, "a"), seen("e1", 9, "x"), seen("e2", 18, "x"), seen("e3", 21, "b")], [match(20)]),
            # Records were lost meanwhile, or before.
            ([seen("e0", 0, "a"), seen("e1", 9, "x"), seen("e2", 18, "x"),
              {"loss": {"from": stamp(5), "through": stamp(6)}}], [match(20, "unknown")]),
            ([seen("e0", 5, "a"), seen("e1", 14, "x"), seen("e2", 23, "x"),
              {"loss": {"from": stamp(1), "through": stamp(4)}}], [match(25)]),
        ],
    )
    yield (
        "l5-until", document(STEPS, "sequence: {steps: [a, b], until: z}"),
        document(STEPS, "sequence: {steps: [a, b], until: c}"),
        [
            ([seen("e0", 1, "a"), seen("e1", 2, "z"), seen("e2", 3, "b")], []),
            # After completion it does not matter; of another group neither.
            ([seen("e0", 1, "a"), seen("e1", 2, "b"), seen("e2", 3, "z")], [match(2)]),
            ([seen("e0", 1, "a"), event("e1", 2, "z", k="1"), seen("e2", 3, "b")], [match(3)]),
            ([seen("e0", 1, "a"), seen("e1", 2, "z"), seen("e2", 3, "a"), seen("e3", 4, "b")], [match(4)]),
        ],
    )
    hour = 3600
    usual = [seen(f"u{day}{n}", day * 24 * hour + n * 60, "a") for day in range(3) for n in range(4)]

    def today(count, second):
        return usual + [seen(f"t{n}", second + n, "a") for n in range(count)]

    counted = "type: event_count, rules: [a], group-by: [k], timespan: 1h, condition: {gte: 5}"
    yield (
        "l5-baseline", document(counted, "baseline: {days: 3, factor: 2, of: max}"),
        document(counted, "baseline: {days: 3, factor: 1.5, of: max}"),
        [
            (today(8, 72 * hour), []),
            (today(10, 72 * hour), [match(72 * hour + 8), match(72 * hour + 9)]),
            # Another hour, in which nothing was usual; and too few days.
            (today(5, 73 * hour), [match(73 * hour + 4)]),
            (today(9, 49 * hour), []),
        ],
    )

    def fact(kind, first, last, count):
        return {"fact": kind, "rule": "found", "group": {"k": "0"}, "first": stamp(first), "last": stamp(last),
                "count": count}

    def mark(second):
        return {"watermark": stamp(second)}

    yield (
        "l7-sequence", pair, document(STEPS + ", rules: [b, a]"),
        [
            # The first step comes late: the verdict is confirmed after all.
            ([seen("e0", 5, "b"), mark(20), seen("e1", 1, "a"), mark(60)], [fact("confirmed", 1, 5, 2)]),
            # It comes late and after the second step: nothing.
            ([seen("e0", 5, "b"), mark(20), seen("e1", 6, "a"), mark(60)], []),
            # Another second step comes late: the verdict is amended.
            ([seen("e0", 1, "a"), seen("e1", 5, "b"), mark(20), seen("e2", 3, "b"), mark(60)],
             [fact("amended", 1, 5, 3)]),
        ],
    )
    yield (
        "l7-until", document(STEPS, "sequence: {steps: [a, b], until: z}"),
        document(STEPS, "sequence: {steps: [a, b]}"),
        [
            # What ended the sequence comes late: the verdict is taken back.
            ([seen("e0", 1, "a"), seen("e1", 5, "b"), mark(20), seen("e2", 3, "z"), mark(60)],
             [fact("retracted", 1, 5, 2)]),
            ([seen("e0", 1, "a"), seen("e1", 5, "b"), mark(20), seen("e2", 6, "z"), mark(60)], []),
        ],
    )
    yield (
        "l7-absence", document(STEPS + ", rules: [a, b]", "absence: {rule: b, within: 10s, silence: 1d}"),
        document(STEPS + ", rules: [a, c]", "absence: {rule: c, within: 10s, silence: 1d}"),
        [
            # The answer comes late: in time by its own clock, or not.
            ([seen("e0", 1, "a"), mark(20), seen("e1", 11, "b"), mark(60)], [fact("retracted", 1, 1, 1)]),
            ([seen("e0", 1, "a"), mark(20), seen("e1", 12, "b"), mark(60)], []),
            # What should have been answered comes late.
            ([seen("e0", 3, "x"), mark(20), seen("e1", 1, "a"), mark(60)], [fact("confirmed", 1, 1, 1)]),
        ],
    )
    yield (
        "l7-count", document("type: event_count, rules: [a], group-by: [k], timespan: 20s, condition: {gte: 3}"),
        document("type: event_count, rules: [a], group-by: [k], timespan: 20s, condition: {gte: 4}"),
        [
            ([seen("e0", 1, "a"), seen("e1", 5, "a"), mark(30), seen("e2", 3, "a"), mark(60)],
             [fact("confirmed", 1, 5, 3)]),
            ([seen("e0", 1, "a"), seen("e1", 5, "a"), seen("e2", 6, "a"), mark(30), seen("e3", 3, "a"), mark(60)],
             [fact("amended", 1, 6, 4)]),
        ],
    )
