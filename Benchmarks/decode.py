#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Measures decoding on one core, as a library, beside liblognorm on the same lines where `lognormalizer` is installed.

    python3 Benchmarks/decode.py [--syslog FILE] [--json FILE] [--runs N]

Without files the corpus of corpus.py is written. Figures are of processor time and medians of several runs; compare two
programs within one run only. Ends with status 1 when a bound does not hold that is no matter of the machine: allocations
of a line, or lines that no decoder takes.
"""
import argparse
import glob
import json
import os
import random
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

import corpus

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
DECODERS = sorted(glob.glob(os.path.join(ROOT, "decoders", "*.decoder.yaml")))
# Of a line, in the steady state; audit messages keep texts of their own and are counted apart.
ALLOCATIONS_MAX = 0.02
UNDECODED_MAX = 0.01  # beside what the corpus means to be unknown
HOSTILE_BYTES = 65536


def build(folder):
    """The benchmark and the counter of allocations."""
    # A plan that was kept does not see files that are new in the package above.
    plan = os.path.join(HERE, ".build", "release.yaml")
    if os.path.exists(plan):
        os.remove(plan)
    command = ["swift", "build", "-c", "release", "--package-path", HERE, "--product", "DecodeBenchmark"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    where = subprocess.run(command + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    counter = os.path.join(folder, "allocations.so")
    made = subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", counter, os.path.join(HERE, "allocations.c")], check=False)
    return os.path.join(where, "DecodeBenchmark"), counter if made.returncode == 0 else None


def decode(program, lines, decoders, runs):
    """The median run of several."""
    found = [json.loads(subprocess.run([program, lines, "3", *decoders], check=True, capture_output=True).stdout)
             for _ in range(runs)]
    found.sort(key=lambda run: run["lines_per_second"])
    return found[len(found) // 2]


def allocations(program, counter, lines, decoders, count):
    """Calls that allocate, of one line: two passes less one."""
    if counter is None:
        return None
    calls = []
    for passes in ("1", "2"):
        environment = dict(os.environ, LD_PRELOAD=counter)
        run = subprocess.run([program, lines, passes, *decoders], env=environment, check=True, capture_output=True, text=True)
        calls.append(int(run.stderr.split()[-1]))
    return round((calls[1] - calls[0]) / count, 4)


def connections(path, count, seed):
    """Lines of an ASA (302013) and of sshd, with their headers."""
    numbers = random.Random(seed)

    def address():
        return f"10.{numbers.randrange(64)}.{numbers.randrange(256)}.{numbers.randrange(1, 255)}"

    with open(path, "w") as file:
        for index in range(count):
            stamp = f"Nov  1 {index // 3600 % 24:02}:{index // 60 % 60:02}:{index % 60:02}"
            source, target, port = address(), address(), numbers.randrange(1024, 65536)
            if index % 2:
                file.write(f"<166>{stamp} fw-{index % 7} %ASA-6-302013: Built inbound TCP connection {index} for "
                           f"wards:{source}/{port} ({source}/{port}) to labs:{target}/104 ({target}/104)\n")
            else:
                how = numbers.choice(["Accepted publickey for", "Failed password for", "Failed password for invalid user"])
                file.write(f"<38>{stamp} host-{index % 977} sshd[{port}]: {how} user{index % 613} from {source} port {port} ssh2\n")


RULEBASE = r"""version=2
rule=a:<%p:number%>%d:date-rfc3164% %h:word% %%ASA-6-302013: Built %i:word% %t:word% connection %n:number% for %f:char-to:\x3a%:%s:ipv4%/%sp:number% (%ns:ipv4%/%np:number%) to %g:char-to:\x3a%:%e:ipv4%/%dp:number% (%ne:ipv4%/%nd:number%)
rule=s:<%p:number%>%d:date-rfc3164% %h:word% sshd[%n:number%]: Accepted %m:word% for %u:word% from %s:ipv4% port %sp:number% ssh2
rule=s:<%p:number%>%d:date-rfc3164% %h:word% sshd[%n:number%]: Failed %m:word% for %u:word% from %s:ipv4% port %sp:number% ssh2
rule=s:<%p:number%>%d:date-rfc3164% %h:word% sshd[%n:number%]: Failed %m:word% for invalid user %u:word% from %s:ipv4% port %sp:number% ssh2
"""


def decoys(folder, count):
    """Files with `count` patterns that compete for the same lines, ten a file, and the same for liblognorm."""
    files, rules = [], [RULEBASE]
    for number in range((count + 9) // 10):
        path = os.path.join(folder, f"decoy{count}-{number}.decoder.yaml")
        select = "{app: [sshd]}" if number % 2 else "{facility: [ASA]}"
        head = "<38>Nov  1 04:00:00 h sshd[1]: " if number % 2 else "<166>Nov  1 04:00:00 h %ASA-6-999999: "
        with open(path, "w") as file:
            file.write(f"id: decoy{number}\nselect: {select}\nheader: '{head}'\nrules:\n")
            for rule in range(min(10, count - number * 10)):
                words = f"{'Built' if rule % 2 else 'Accepted'} decoy{number}x{rule}"
                file.write(f"  - id: r{rule}\n    action: login\n    pattern: '{words} for {{user.name:word}} from {{src.ip:ip}}'\n"
                           f"    samples: [{{in: '{words} for ada from 10.0.0.1', expect: {{user.name: ada}}}}]\n")
                tag = "sshd[%n:number%]:" if number % 2 else "%%ASA-6-999999:"
                rules.append(f"rule=d:<%p:number%>%d:date-rfc3164% %h:word% {tag} {words} for %u:word% from %s:ipv4%\n")
        files.append(path)
    rulebase = os.path.join(folder, f"decoy{count}.rulebase")
    with open(rulebase, "w") as file:
        file.writelines(rules)
    return files, rulebase


def lognorm(rulebase, lines, count, runs):
    """Lines per second of processor time that lognormalizer takes, its output left away."""
    if shutil.which("lognormalizer") is None:
        return None
    rates = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        with open(lines) as file:
            subprocess.run(["lognormalizer", "-r", rulebase, "-t", "none"], stdin=file, check=True, capture_output=True)
        rates.append(count / max(1e-9, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before))
    return int(statistics.median(rates))


def soup():
    """Every text that a decoder looks for, one behind the other: each is nearly found, many times."""
    words = set()
    for path in DECODERS:
        with open(path) as file:
            words.update(re.findall(r"['\"*]([A-Za-z][^'\"*{}]{4,40})[{'\"*]", file.read()))
    return " ".join(word[:-1] for word in sorted(words)) + " "


def hostile(path):
    """Lines of 64 KiB of the kinds that cost a careless decoder most."""
    heads = ["<38>Nov  1 04:00:00 h sshd[1]: ", "<166>Nov  1 04:00:00 h %ASA-6-302013: Built inbound ", "<134>1 - h fortigate - - - ",
             "<4>Nov  1 04:00:00 h kernel: ", "", "<85>1 - h a 1 - - <AuditMessage>", "<13>1 - h device - - - ",
             "<134>1 2026-11-01T04:00:00Z gw CheckPoint 17293 - [", "<189>29: sw1: Nov  1 04:00:00: %SEC-6-IPACCESSLOGP: ",
             "<181>Nov  1 04:00:00 h CISE_Passed_Authentications 0000000001 1 0 ", "CEF:0|a|b|c|d|e|5|", "LEEF:2.0|a|b|c|d|",
             "type=SYSCALL msg=audit(1793577600.1:1): ", "<13>1 - h a - - ", "1,2026/11/01 04:00:00,0,THREAT,"]
    units = ["x", "a ", "a=b ", "{\"k\":", "<a b='c'>", "user from ", "\"", "\\", "%ASA-", "1.", "::", "[", "=", "CEF:0|", "&lt;", "\t",
             "a:\"b\"; ", "src:\"10.0.0.1\"; ", "a=\"b\\\"c\" ", "[a b=\"c\"]", "a,", "\"\",", "a|", "a=b|c\\=d ", "Failed password for ",
             "10.0.0.1 -> 10.0.0.2 ", "0a:0b:0c:0d:0e:0f ", "action:\"", "from user ", "(", "</", "<![CDATA[", "\\u00e9", "\xc3\xa9", soup()]
    whole = ["{" + ",".join(f'"k{number}":1' for number in range(6700)) + "}",
             "{" + ",".join(f'"{number:x}":1' for number in range(7400)) + "}",
             "[" + ",".join("1" for number in range(32000)) + "]",
             "{\"a\":[" + ",".join(f'{{"b":{number}}}' for number in range(4500)) + "]}",
             "{" + ",".join('"a":"b"' for number in range(8000)) + "}",
             "{\"a\":\"" + "\\u0041" * 10000 + "\"}",
             "<Event>" + "<Data Name='a'>b</Data>" * 2700 + "</Event>",
             "<13>1 - h a - - " + "".join(f'[x{number} a="b"]' for number in range(4700)) + " m"]
    lines = [(head + unit * (HOSTILE_BYTES // len(unit) + 1))[:HOSTILE_BYTES] for head in heads for unit in units]
    with open(path, "w", encoding="latin-1", errors="replace") as file:
        for line in lines + [line[:HOSTILE_BYTES] for line in whole]:
            file.write(line + "\n")


def worst(program, folder, decoders):
    """Microseconds of the slowest hostile lines, each at the best of several runs in one process."""
    path = os.path.join(folder, "hostile")
    hostile(path)
    run = subprocess.run([program, "--each", path, "5", *decoders], check=True, capture_output=True)
    found = json.loads(run.stdout)
    with open(path, encoding="latin-1") as file:
        lines = file.readlines()
    ranked = sorted(((time, number) for number, time in enumerate(found["each_us"])), reverse=True)
    slowest = [{"us": time, "line": lines[number][:100]} for time, number in ranked[:5]]
    return {"lines": len(lines), "longest_us": ranked[0][0], "slowest": slowest}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--syslog")
    parser.add_argument("--json")
    parser.add_argument("--lines", type=int, default=200000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        program, counter = build(folder)
        syslog = options.syslog or os.path.join(folder, "syslog")
        if not options.syslog:
            with open(syslog, "wb") as file:
                corpus.write(file, options.lines, 42)
        for name, lines in (("syslog", syslog), ("json", options.json)):
            if lines is None:
                continue
            found = decode(program, lines, DECODERS, options.runs)
            found["allocations_per_line"] = allocations(program, counter, lines, DECODERS, found["lines"])
            print(json.dumps({"measure": name, **found}), flush=True)
            known = UNDECODED_MAX + (0 if options.syslog else corpus.UNKNOWN_SHARE)
            holds = holds and found["undecoded"] <= known * found["lines"]
        lines = os.path.join(folder, "connections")
        connections(lines, options.lines, 42)
        for count in (10, 100, 1000):
            files, rulebase = decoys(folder, count)
            found = decode(program, lines, DECODERS + files, options.runs)
            found["allocations_per_line"] = allocations(program, counter, lines, DECODERS + files, found["lines"])
            peer = lognorm(rulebase, lines, found["lines"], options.runs)
            if peer:
                found["liblognorm_lines_per_second"] = peer
                found["ratio"] = round(found["lines_per_second"] / peer, 2)
            print(json.dumps({"measure": f"connections among {count} patterns", **found}), flush=True)
            holds = holds and (found["allocations_per_line"] or 0) <= ALLOCATIONS_MAX and found["refused"] == 0
        print(json.dumps({"measure": "hostile", **worst(program, folder, DECODERS)}), flush=True)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
