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
import sys
import tempfile
import threading
import time

import service

RECOVERY_SECONDS_MAX = 2.0
JUDGE_SECONDS_MAX = 600
DEVICES = 8
BATCH, PAUSE_SECONDS = 500, 0.02  # 25,000 lines a second: five times what a hospital sends


class Load(threading.Thread):
    """Sends numbered lines of one round until the connection breaks."""

    def __init__(self, number, connection):
        super().__init__(daemon=True)
        self.number, self.connection, self.sent = number, connection, 0

    def line(self, sequence):
        # In each thousand lines somebody guesses a password of a device and gets in, so that rules have work.
        step = sequence % 1000
        if step < 8:
            text = "sshd[9]: %s password for r%04d from 10.40.0.9 port %d ssh2" % (
                "Accepted" if step == 7 else "Failed", self.number, 1024 + sequence % 60000)
        else:
            text = "audit: round=%d sequence=%d filler=%032x" % (self.number, sequence, sequence * 0x9E3779B97F4A7C15)
        seconds = self.number * 60 + sequence // 1000 % 60
        return "<38>Oct  5 %02d:%02d:%02d dev-%02d %s key=%d/%d\n" % (
            8 + seconds // 3600, seconds // 60 % 60, seconds % 60, self.number % DEVICES, text, self.number, sequence)

    def run(self):
        try:
            while True:
                batch = "".join(self.line(self.sent + step) for step in range(BATCH)).encode()
                self.connection.sendall(batch)
                self.sent += BATCH
                time.sleep(PAUSE_SECONDS)
        except OSError:
            pass


def write_site(folder):
    """An inventory of the devices that the load speaks of."""
    os.makedirs(folder)
    with open(os.path.join(folder, "assets.csv"), "w") as file:
        file.write("asset_id,manufacturer,model,device_type,hostname,zone\n")
        for number in range(DEVICES):
            file.write("DEV-%02d,Example,One,monitor,dev-%02d,ward\n" % (number, number))


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
        if count > sent[number] + BATCH:
            print("round %d: %d lines kept, %d sent" % (number, count, sent[number]), file=sys.stderr)
            faults += 1
    return faults, sum(following.values())


def incidents(store):
    return service.command("incidents", "--store", store, "-o", "jsonl", "--no-pager")


def judged_anew(store, folder, site):
    """Incidents of a copy that holds the records and the content they cite, and nothing that was concluded from them."""
    copy = os.path.join(folder, "again")
    os.makedirs(copy)
    for name in os.listdir(store):
        source = os.path.join(store, name)
        if name in ("journal", "projections", "correlation", "LOCK") or name.endswith(".sock"):
            continue
        (shutil.copytree if os.path.isdir(source) else shutil.copy2)(source, os.path.join(copy, name))
    settle(service.Service(copy, site)).stop()
    return incidents(copy)


def settle(daemon):
    daemon.wait_until(lambda status: status["judged"] >= status["durableOffset"], JUDGE_SECONDS_MAX)
    return daemon


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    folder = tempfile.mkdtemp(prefix="wardline-kill-")
    store, site = os.path.join(folder, "store"), os.path.join(folder, "site")
    write_site(site)
    published, slowest, faults, sent = 0, 0.0, 0, {}
    try:
        for number in range(rounds):
            daemon = service.Service(store, site)
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
        daemon = settle(service.Service(store, site))
        slowest = max(slowest, daemon.ready_seconds)
        code = daemon.stop()
        wrong, kept = audit(store, sent)
        verified = service.command("verify", "--store", store, "-o", "json")
        first, again = incidents(store), judged_anew(store, folder, site)
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
