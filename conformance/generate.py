#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Writes the cases of this suite; what is expected comes from the definitions below, tried over all events.

Run it in this folder: python3 generate.py. It writes cases/NAME/{rules.yml,mutant.yml,events.jsonl,expected.jsonl}.
Equal runs write equal bytes. It knows nothing of any engine.
"""
import json
import math
import os
import random
import shutil
from datetime import datetime, timedelta, timezone

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
SPAN = 10
SETS = 40


def stamp(second):
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%SZ")


def document(correlation, block=""):
    """Rules a, b, c and z match events of that kind; the correlation over them is called found."""
    parts = []
    for kind in "abcz":
        parts.append(
            f"title: An event of kind {kind}\nname: {kind}\nlogsource: {{category: x}}\n"
            f"detection: {{s: {{kind: {kind}}}, condition: s}}\n---\n"
        )
    text = "".join(parts)
    if isinstance(correlation, list):
        for name, body in correlation[:-1]:
            text += f"title: Inner\nname: {name}\ncorrelation: {{{body}}}\n---\n"
        correlation = correlation[-1]
    text += f"title: What is to be found\nname: found\nlevel: high\ncorrelation: {{{correlation}}}\n"
    return text + (f"wardline: {{{block}}}\n" if block else "")


def event(name, second, kind, **fields):
    line = {"event": name, "time": stamp(second), "source": fields.pop("source", "pump"), "kind": kind}
    line.update(fields)
    line["_second"] = second
    return line


def sample(generator, kinds, gap=1, most=4, count=9):
    """A random set: distinct seconds, two groups, numbers and a field to join by."""
    second = 0
    found = []
    for number in range(generator.randint(2, count)):
        second += gap + generator.randrange(most)
        found.append(
            event(
                f"e{number}", second, generator.choice(kinds), k=generator.choice("0001"),
                n=str(generator.randrange(5)), left=generator.choice("01"), right=generator.choice("01"),
            )
        )
    return found


def window(events, index, span=SPAN):
    now = events[index]
    return [
        other for other in events[: index + 1]
        if other["k"] == now["k"] and other["_second"] >= now["_second"] - span
    ]


def verdicts(events, test, delay=0):
    """One verdict for each event at which the test holds."""
    return [
        {"rule": "found", "group": {"k": events[i]["k"]}, "_at": events[i]["_second"] + delay}
        for i in range(len(events)) if test(i)
    ]


def rank(values, percent):
    ordered = sorted(values)
    return ordered[max(1, math.ceil(percent / 100 * len(ordered))) - 1]


def threshold(kinds, measure, holds):
    """A threshold over the events of some kinds in the window that ends at one of them."""
    def expected(events):
        own = [e for e in events if e["kind"] in kinds]
        return verdicts(own, lambda i: holds(measure([int(e["n"]) for e in window(own, i)])))
    return expected


def closing(holds):
    """Windows that follow each other: the first event opens one, and it is judged when it closes."""
    def expected(events):
        found = []
        for key in "01":
            rest = [e for e in events if e["kind"] == "a" and e["k"] == key]
            while rest:
                end = rest[0]["_second"] + SPAN
                count = sum(e["_second"] <= end for e in rest)
                if holds(count):
                    found.append({"rule": "found", "group": {"k": key}, "_at": end})
                rest = rest[count:]
        return found
    return expected


def temporal(ways):
    """All rules of one way in the window, the newest event among them."""
    def expected(events):
        def test(i):
            seen = {e["kind"] for e in window(events, i)}
            return any(events[i]["kind"] in way and set(way) <= seen for way in ways)
        return verdicts(events, test)
    return expected


def absent(events):
    """a, and no b in the span after it, both ends included."""
    def test(i):
        return events[i]["kind"] == "a" and not any(
            e["kind"] == "b" and e["k"] == events[i]["k"]
            and 0 <= e["_second"] - events[i]["_second"] <= SPAN for e in events
        )
    return verdicts(events, test, SPAN)


def chains(events, steps, until=None):
    """Events at which some chain of distinct events completes the steps.

    A step is (kind, runs, longest time since the step before, whether its left is the right of the step before).
    """
    def fits(place, end, used):
        kind, runs, within, joined = steps[place]
        if events[end]["kind"] != kind or end in used:
            return
        for own in choose(runs - 1, kind, end, [end]):
            if place == 0:
                yield used + own
                continue
            for earlier in range(min(own)):
                if events[earlier]["k"] != events[end]["k"]:
                    continue
                if within is not None and events[end]["_second"] - events[earlier]["_second"] > within:
                    continue
                if joined and any(events[x]["left"] != events[earlier]["right"] for x in own):
                    continue
                yield from fits(place - 1, earlier, used + own)

    def choose(count, kind, end, chosen):
        if count == 0:
            yield chosen
            return
        for index in range(min(chosen)):
            if events[index]["kind"] == kind and events[index]["k"] == events[end]["k"]:
                yield from choose(count - 1, kind, end, chosen + [index])

    def completes(last):
        for chain in fits(len(steps) - 1, last, []):
            if events[last]["_second"] - events[min(chain)]["_second"] > SPAN:
                continue
            ended = any(
                events[u]["kind"] == until and events[u]["k"] == events[last]["k"]
                for u in range(min(chain) + 1, last)
            )
            if not ended:
                return True
        return False
    return [i for i in range(len(events)) if completes(i)]


def sequence(steps, until=None):
    return lambda events: verdicts(events, lambda i: i in chains(events, steps, until))


def unanswered(steps, kind, within):
    def expected(events):
        done = chains(events, steps)
        return verdicts(
            events,
            lambda i: i in done and not any(
                e["kind"] == kind and e["k"] == events[i]["k"] and e is not events[i]
                and 0 <= e["_second"] - events[i]["_second"] <= within for e in events
            ),
            within,
        )
    return expected


def session(gap, least):
    def expected(events):
        found = []
        for key in "01":
            current = []
            for e in [e for e in events if e["kind"] == "a" and e["k"] == key]:
                over = current and (
                    e["_second"] - current[-1]["_second"] > gap or e["_second"] - current[0]["_second"] > SPAN
                )
                current = [e] if over else current + [e]
                if len(current) >= least:
                    found.append({"rule": "found", "group": {"k": key}, "_at": e["_second"]})
        return found
    return expected


def novel(learn, forget=None):
    def expected(events):
        own = [e for e in events if e["kind"] == "a"]

        def test(i):
            earlier = [e for e in own[:i] if e["k"] == own[i]["k"]]
            if not earlier or own[i]["_second"] - earlier[0]["_second"] < learn:
                return False
            same = [e for e in earlier if e["n"] == own[i]["n"]]
            return not same or forget is not None and own[i]["_second"] - same[-1]["_second"] > forget
        return verdicts(own, test)
    return expected


def chained(events):
    """Three matches of `a` and `b` in one window, within a window of matches."""
    inner = [dict(e) for i, e in enumerate(events) if temporal(["ab"])(events[: i + 1])[-1:]
             and temporal(["ab"])(events[: i + 1])[-1]["_at"] == e["_second"]
             and temporal(["ab"])(events[: i + 1])[-1]["group"]["k"] == e["k"]]
    return verdicts(inner, lambda i: len(window(inner, i)) >= 3)


def late(events):
    """A c at most twenty seconds after windows with fewer than three a, at the time of the newest of these."""
    found = []
    for key in "01":
        rest = [e for e in events if e["kind"] == "a" and e["k"] == key]
        newest = []
        while rest:
            inside = [e for e in rest if e["_second"] <= rest[0]["_second"] + SPAN]
            if len(inside) < 3:
                newest.append(inside[-1]["_second"])
            rest = rest[len(inside):]
        found += [
            {"rule": "found", "group": {"k": key}, "_at": e["_second"] + SPAN}
            for e in events if e["kind"] == "c" and e["k"] == key
            and any(0 <= e["_second"] - second <= 2 * SPAN for second in newest)
        ]
    return found


def counted(kind, condition, span="10s", rules="[a, b]"):
    return f"type: {kind}, rules: {rules}, group-by: [k], timespan: {span}, condition: {{{condition}}}"


def ordered(rules, span="10s"):
    return f"type: temporal_ordered, rules: {rules}, group-by: [k], timespan: {span}"


STEPS = "type: temporal_ordered, group-by: [k], timespan: 10s"

RANDOM = [
    # name, kinds, rule, wrong rule, expectation
    ("event-count", "abc", document(counted("event_count", "gte: 3")),
     document(counted("event_count", "gte: 3", "9s")), threshold("ab", len, lambda x: x >= 3)),
    ("event-count-range", "a", document(counted("event_count", "gt: 1, lte: 3", rules="[a]")),
     document(counted("event_count", "gt: 1, lt: 3", rules="[a]")), closing(lambda x: 1 < x <= 3)),
    ("event-count-few", "a", document(counted("event_count", "lt: 3", rules="[a]")),
     document(counted("event_count", "lte: 3", rules="[a]")), closing(lambda x: x < 3)),
    ("event-count-not-equal", "a", document(counted("event_count", "neq: 2", rules="[a]")),
     document(counted("event_count", "eq: 2", rules="[a]")), closing(lambda x: x != 2)),
    ("value-count", "abc", document(counted("value_count", "field: n, gt: 2")),
     document(counted("value_count", "field: left, gt: 1")), threshold("ab", lambda v: len(set(v)), lambda x: x > 2)),
    ("value-sum", "abc", document(counted("value_sum", "field: n, gt: 5.5")),
     document(counted("value_sum", "field: n, gt: 6")), threshold("ab", sum, lambda x: x > 5.5)),
    ("value-avg", "abc", document(counted("value_avg", "field: n, gte: 2.5")),
     document(counted("value_avg", "field: n, gt: 2.5")),
     threshold("ab", lambda v: sum(v) / len(v), lambda x: x >= 2.5)),
    ("value-median", "abc", document(counted("value_median", "field: n, gte: 3")),
     document(counted("value_median", "field: n, gt: 3")), threshold("ab", lambda v: rank(v, 50), lambda x: x >= 3)),
    ("value-percentile", "abc", document(counted("value_percentile", "field: n, percentile: 75, gte: 3")),
     document(counted("value_percentile", "field: n, percentile: 50, gte: 3")),
     threshold("ab", lambda v: rank(v, 75), lambda x: x >= 3)),
    ("temporal", "abc", document("type: temporal, rules: [a, b, c], group-by: [k], timespan: 10s"),
     document("type: temporal, rules: [a, b], group-by: [k], timespan: 10s"), temporal(["abc"])),
    ("temporal-boolean", "abc", document("type: temporal, condition: a and (b or c), group-by: [k], timespan: 10s"),
     document("type: temporal, condition: a and b, group-by: [k], timespan: 10s"), temporal(["ab", "ac"])),
    ("temporal-absence", "abc", document("type: temporal, condition: a and not b, group-by: [k], timespan: 10s"),
     document("type: temporal, condition: a and not c, group-by: [k], timespan: 10s"), absent),
    ("temporal-ordered", "abc", document(ordered("[a, b, c]")), document(ordered("[a, c, b]")),
     sequence([("a", 1, None, False), ("b", 1, None, False), ("c", 1, None, False)])),
    ("chain", "abc",
     document([("both", "type: temporal, rules: [a, b], group-by: [k], timespan: 10s"),
               "type: event_count, rules: [both], group-by: [k], timespan: 10s, condition: {gte: 3}"]),
     document([("both", "type: temporal, rules: [a, b], group-by: [k], timespan: 10s"),
               "type: event_count, rules: [both], group-by: [k], timespan: 10s, condition: {gte: 2}"]), chained),
    ("chain-late", "ac",
     document([("few", counted("event_count", "lt: 3", rules="[a]")), ordered("[few, c]", "20s")]),
     document([("few", counted("event_count", "lt: 3", rules="[a]")), ordered("[c, few]", "20s")]), late),
    ("sequence-within", "abc", document(STEPS, "sequence: {steps: [a, {rule: b, within: 4s}, {rule: c, within: 3s}]}"),
     document(STEPS, "sequence: {steps: [a, {rule: b, within: 4s}, {rule: c, within: 4s}]}"),
     sequence([("a", 1, None, False), ("b", 1, 4, False), ("c", 1, 3, False)])),
    ("sequence-runs", "ab", document(STEPS, "sequence: {steps: [{rule: a, runs: 2}, {rule: b, runs: 2, within: 6s}]}"),
     document(STEPS, "sequence: {steps: [{rule: a, runs: 2}, {rule: b, within: 6s}]}"),
     sequence([("a", 2, None, False), ("b", 2, 6, False)])),
    ("sequence-join", "ab", document(STEPS, "sequence: {steps: [a, {rule: b, join: {left: right}}, {rule: a, join: {left: right}}]}"),
     document(STEPS, "sequence: {steps: [a, {rule: b, join: {left: left}}, {rule: a, join: {left: right}}]}"),
     sequence([("a", 1, None, False), ("b", 1, None, True), ("a", 1, None, True)])),
    ("sequence-until", "abz", document(STEPS, "sequence: {steps: [a, b], until: z}"),
     document(STEPS, "sequence: {steps: [a, b]}"), sequence([("a", 1, None, False), ("b", 1, None, False)], "z")),
    ("absence", "abc", document(STEPS, "sequence: {steps: [a, b]}, absence: {rule: c, within: 6s, silence: 1d}"),
     document(STEPS, "sequence: {steps: [a, b]}, absence: {rule: c, within: 7s, silence: 1d}"),
     unanswered([("a", 1, None, False), ("b", 1, None, False)], "c", 6)),
    ("session", "ab", document(counted("event_count", "gte: 3", rules="[a]"), "window: session, gap: 3s"),
     document(counted("event_count", "gte: 3", rules="[a]"), "window: session, gap: 4s"), session(3, 3)),
    ("first-seen", "ab", document(counted("event_count", "gte: 1", rules="[a]"), "first-seen: {fields: [n], learn: 6s, forget: 9s}"),
     document(counted("event_count", "gte: 1", rules="[a]"), "first-seen: {fields: [n], learn: 3s, forget: 9s}"), novel(6, 9)),
]


def public(line):
    return {key: value for key, value in line.items() if not key.startswith("_")}


def write(name, rules, mutant, lines, expected):
    folder = os.path.join("cases", name)
    os.makedirs(folder)
    for file, text in [("rules.yml", rules), ("mutant.yml", mutant)]:
        with open(os.path.join(folder, file), "w") as out:
            out.write(text)
    for file, rows in [("events.jsonl", lines), ("expected.jsonl", expected)]:
        with open(os.path.join(folder, file), "w") as out:
            for row in rows:
                out.write(json.dumps(row) + "\n")


def told(number, found):
    """Verdicts as lines, each group and second once."""
    rows = []
    for verdict in sorted(found, key=lambda v: (v["_at"], v["group"]["k"])):
        row = {"set": number, "rule": verdict["rule"], "group": verdict["group"], "time": stamp(verdict["_at"])}
        if row not in rows:
            rows.append(row)
    return rows


def arrivals(generator, events):
    """The events in another order of arrival, with the watermark five seconds behind the greatest time."""
    keyed = sorted(((e["_second"] * 100 + generator.randrange(500), e) for e in events), key=lambda p: p[0])
    lines = []
    greatest = 0
    for _, e in keyed:
        greatest = max(greatest, e["_second"])
        lines += [public(e), {"watermark": stamp(greatest - 5)}]
    return lines


def main():
    shutil.rmtree("cases", ignore_errors=True)
    for name, kinds, rules, mutant, expectation in RANDOM:
        generator = random.Random(name)
        level = "l4" if name.split("-")[0] in ("event", "value", "temporal", "chain") else "l5"
        lines, expected, late, again = [], [], [], []
        for number in range(SETS):
            events = sample(generator, kinds, most=2, count=14)
            rows = told(number, expectation(events))
            lines += [{"set": number, **public(e)} for e in events]
            expected += rows
            if number < 20:
                late += [{"set": number, **line} for line in arrivals(generator, events)]
                again += rows
        write(f"{level}-{name}", rules, mutant, lines, expected)
        write(f"l6-{name}", rules, mutant, late, again)
    by_hand()


def by_hand():
    import hand
    for name, rules, mutant, sets in hand.cases(document, event, stamp):
        lines, expected = [], []
        for number, (given, wanted) in enumerate(sets):
            lines += [{"set": number, **public(line)} for line in given]
            expected += [{"set": number, **row} for row in wanted]
        write(name, rules, mutant, lines, expected)


if __name__ == "__main__":
    main()
