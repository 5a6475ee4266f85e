#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Measures what the log costs on disk and how fast it is read, beside gzip, zcat, grep and rg on the same bytes.

    python3 Benchmarks/log.py [--syslog FILE] [--json FILE] [--real FILE ...] [--lines N] [--token TEXT] [--columns]

Without files the corpus of corpus.py is written, as syslog and wrapped in JSON, with seven lines that hold the token.
WARDLINE names another binary. Reading speeds are of processor time, so that neighbours on the machine count less; compare
two programs within one run only.
"""
import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import corpus
import service

TOKEN = "ZXQ-RARE-7f3a9"
PLANTED = 7
RUNS = 7


def plant(path, lines, token, wrap):
    """The corpus with the token at the end of seven lines, spread evenly."""
    plain = path + ".plain"
    with open(plain, "wb") as file:
        corpus.write(file, lines, 1)
    step = max(1, lines // PLANTED)
    with open(plain, "rb") as source, open(path, "wb") as file:
        for number, line in enumerate(source):
            text = line.rstrip(b"\n")
            if number % step == step // 2:
                text += b" " + token.encode()
            if wrap:
                text = json.dumps({"seq": number, "log": {"level": "info"}, "message": text.decode()}).encode()
            file.write(text + b"\n")
    os.remove(plain)


def measured(*command, output=subprocess.DEVNULL):
    """Wall and processor seconds of a command, and its status."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    code = subprocess.run(command, stdout=output, stderr=subprocess.DEVNULL, check=False).returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, used, code


def median(*command):
    """Median wall and processor milliseconds of several runs."""
    runs = [measured(*command) for _ in range(RUNS)]
    return [round(statistics.median(run[place] for run in runs) * 1e3, 1) for place in (0, 1)]


def sizes(path, folder, name):
    """Ratio of the lines to the store, live and compacted; the store stays for the other measures."""
    store = os.path.join(folder, name)
    raw = os.stat(path).st_size
    service.command("ingest", "--store", store, "--quiet", path)
    live = json.loads(service.command("store", "stat", "--store", store, "-o", "json"))
    found = {"raw_bytes": raw, "records": live["records"], "ratio_log_live": ratio(raw, live["diskBytes"]),
             "ratio_store_live": ratio(raw, service.folder_bytes(store))}
    service.command("store", "compact", "--store", store)
    compacted = json.loads(service.command("store", "stat", "--store", store, "-o", "json"))
    found["ratio_log_compacted"] = ratio(raw, compacted["diskBytes"])
    found["ratio_store_compacted"] = ratio(raw, service.folder_bytes(store))
    return store, found


def ratio(raw, stored):
    return round(raw / max(1, stored), 2)


def rows(path, folder, name):
    """The same bytes as one gzip file: ratio, and what reading them back takes."""
    packed = os.path.join(folder, name + ".gz")
    with open(packed, "wb") as file:
        measured("gzip", "-6", "-c", path, output=file)
    raw = os.stat(path).st_size
    speeds = [raw / 1e6 / measured("zcat", packed)[1] for _ in range(3)]
    return packed, {"ratio_gzip6": ratio(raw, os.stat(packed).st_size), "zcat_mb_s": round(statistics.median(speeds))}


def library(path, kind, folder):
    """The measures of the package in this folder, by name."""
    here = os.path.dirname(os.path.abspath(__file__))
    build = ["swift", "build", "--configuration", "release", "--package-path", here, "--product", "LogBenchmark"]
    subprocess.run(build, stdout=sys.stderr, check=True)
    place = subprocess.run([*build, "--show-bin-path"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    store = os.path.join(folder, "library-" + kind)
    done = subprocess.run([os.path.join(place, "LogBenchmark"), path, kind, store], stdout=subprocess.PIPE, check=True)
    shutil.rmtree(store, ignore_errors=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def searches(store, path, packed, token):
    """Milliseconds of the whole process, wall and processor, for a word and for a part of one."""
    found = {"word": median(service.BINARY, "query", "--store", store, token),
             "substring": median(service.BINARY, "query", "--store", store, token[1:-1])}
    lines = service.command("query", "--store", store, token).splitlines()
    found["lines"] = len(lines)
    if shutil.which("rg"):
        found["rg"] = median("rg", "-c", "-F", token, path)
    found["grep"] = median("grep", "-c", "-F", token, path)
    found["zgrep"] = [round(part * 1e3, 1) for part in measured("zgrep", "-c", "-F", token, packed)[:2]]
    return found


def print_columns(entry):
    for name, stored in sorted(entry["chunks"].items(), key=lambda item: -item[1]):
        print("  %-22s %8.2f bytes a line" % (name, stored / max(1, entry["records"])))


def measure(name, kind, path, folder, arguments):
    """All measures of one corpus, as one flat record."""
    store, found = sizes(path, folder, name)
    packed, peers = rows(path, folder, name)
    found.update(peers)
    for entry in library(path, kind, folder):
        key = re.sub(r"\W+", "_", entry["measure"])
        if key == "chunks":
            if arguments.columns:
                print("stored bytes of %s:" % name)
                print_columns(entry)
        elif key.startswith("values"):
            found[key + "_million_s"] = round(entry["records_per_second"] / 1e6, 2)
        else:
            found[key + "_mb_s"] = entry["megabytes_per_second"]
    found["rebuild_to_zcat"] = round(found["rebuild_mb_s"] / max(1, found["zcat_mb_s"]), 2)
    wall, used, code = measured(service.BINARY, "verify", "--store", store)
    found["verify_process_mb_s"] = round(found["raw_bytes"] / 1e6 / used)
    found["verify_process_seconds"] = round(wall, 2)
    found["verify_status"] = code
    for search, times in searches(store, path, packed, arguments.token).items():
        if search == "lines":
            found["rare_lines"] = times
        else:
            found["rare_%s_ms" % search], found["rare_%s_cpu_ms" % search] = times
    return found


def table(columns):
    names = list(dict.fromkeys(key for found in columns.values() for key in found))
    print("%-28s" % "" + "".join("%16s" % name for name in columns))
    for name in names:
        print("%-28s" % name + "".join("%16s" % found.get(name, "") for found in columns.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--syslog", metavar="FILE")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--real", metavar="FILE", nargs="*", default=[])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--columns", action="store_true")
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="wardline-bench-")
    try:
        columns = {}
        for name, kind, given in (("syslog", "syslog", arguments.syslog), ("json", "jsonl", arguments.json)):
            path = given or os.path.join(folder, "corpus-" + name)
            if not given:
                plant(path, arguments.lines, arguments.token, name == "json")
            columns[name] = measure(name, kind, path, folder, arguments)
        for number, path in enumerate(arguments.real):
            columns["real %d" % (number + 1)] = {**sizes(path, folder, "real-%d" % number)[1],
                                                 **rows(path, folder, "real-%d" % number)[1]}
        table(columns)
        print(json.dumps(columns))
        return 0 if all(found.get("verify_status", 0) == 0 for found in columns.values()) else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
