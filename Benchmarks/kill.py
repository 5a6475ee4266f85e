#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Kills the daemon under load, again and again, and audits what it kept.

    python3 Benchmarks/kill.py [ROUNDS] [SEED]

Each round starts `serve`, sends numbered lines over TCP, asks for the published durable offset again and again, kills with
SIGKILL at a random moment, and starts over. After each start, no offset that was ever published may be missing. At the
end the kept lines must be a gap-free, in-order prefix of what each round sent, `verify` must find nothing, and the
incidents must equal those of a copy of the records that is judged anew. Exit status 1 with a reason otherwise.
"""
import json
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time

import service

RECOVERY_SECONDS_MAX = 2.0
JUDGE_SECONDS_MAX = 300


class Load(threading.Thread):
    """Sends numbered lines of one round until the connection breaks."""

    def __init__(self, number, connection):
        super().__init__(daemon=True)
        self.number, self.connection, self.sent = number, connection, 0

    def line(self, sequence):
        # Every 40th line fails a login of one user at one server, so that rules have work in each round.
        if sequence % 40 == 0:
            text = "sshd[9]: Failed password for r%04d from 10.40.0.9 port %d ssh2" % (self.number, 1024 + sequence % 60000)
        else:
            text = "audit: round=%d sequence=%d filler=%032x" % (self.number, sequence, sequence * 0x9E3779B97F4A7C15)
        return "<38>Oct  5 %02d:%02d:%02d srv-%02d %s key=%d/%d\n" % (
            8 + self.number // 10, self.number % 60, sequence // 5000 % 60, self.number % 8, text, self.number, sequence)

    def run(self):
        try:
            while True:
                batch = "".join(self.line(self.sent + step) for step in range(500)).encode()
                self.connection.sendall(batch)
                self.sent += 500
        except OSError:
            pass


def audit(store, sent):
    """Lines that are kept, by round: each a prefix of what was sent. The number of faults, said on standard error."""
    faults = 0
    following = {number: 0 for number in sent}
    rows = service.command("query", "--store", store, "--order", "offset", "-o", "cat", "--raw", "--no-pager")
    for raw in rows.decode().splitlines():
        if " key=" not in raw:
            continue
        number, sequence = (int(part) for part in raw.rsplit(" key=", 1)[1].split("/"))
        if sequence != following[number] and faults < 20:
            print("round %d: line %d where %d was due" % (number, sequence, following[number]), file=sys.stderr)
        faults += sequence != following[number]
        following[number] = sequence + 1
    for number, count in following.items():
        if count > sent[number] + 500:
            print("round %d: %d lines kept, %d sent" % (number, count, sent[number]), file=sys.stderr)
            faults += 1
    return faults, sum(following.values())


def incidents(store):
    return service.command("incidents", "--store", store, "-o", "jsonl", "--no-pager")


def judged_anew(store, folder):
    """Incidents of a copy that holds the records and the content they cite, and nothing that was concluded from them."""
    copy = os.path.join(folder, "again")
    os.makedirs(copy)
    for name in os.listdir(store):
        source = os.path.join(store, name)
        if name in ("journal", "projections", "correlation", "LOCK") or name.endswith(".sock"):
            continue
        (shutil.copytree if os.path.isdir(source) else shutil.copy2)(source, os.path.join(copy, name))
    settle(service.Service(copy)).stop()
    return incidents(copy)


def settle(daemon):
    daemon.wait_until(lambda status: status["judged"] >= status["durableOffset"], JUDGE_SECONDS_MAX)
    return daemon


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    folder = tempfile.mkdtemp(prefix="wardline-kill-")
    store = os.path.join(folder, "store")
    published, slowest, faults, sent = 0, 0.0, 0, {}
    try:
        for number in range(rounds):
            daemon = service.Service(store)
            slowest = max(slowest, daemon.ready_seconds)
            kept = daemon.status()["durableOffset"]
            if kept < published:
                print("round %d: offset %d was published, %d came back" % (number, published, kept), file=sys.stderr)
                faults += 1
            connection = daemon.connect()
            load = Load(number, connection)
            load.start()
            end = time.monotonic() + dice.uniform(0.05, 1.0)
            while time.monotonic() < end:
                published = max(published, daemon.status()["durableOffset"])
            daemon.kill()
            connection.close()
            load.join()
            sent[number] = load.sent
        daemon = settle(service.Service(store))
        slowest = max(slowest, daemon.ready_seconds)
        code = daemon.stop()
        wrong, kept = audit(store, sent)
        verified = service.command("verify", "--store", store, "-o", "json")
        first, again = incidents(store), judged_anew(store, folder)
        report = {
            "rounds": rounds, "published": published, "kept_lines": kept, "sent_lines": sum(sent.values()),
            "lost_or_out_of_order": faults + wrong, "slowest_start_seconds": round(slowest, 2), "exit": code,
            "incidents": len(first.splitlines()), "equal_when_judged_anew": first == again,
            "verify": json.loads(verified or b"{}"),
        }
        print(json.dumps(report))
        good = faults + wrong == 0 and first == again and code == 0 and slowest < RECOVERY_SECONDS_MAX
        return 0 if good else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
