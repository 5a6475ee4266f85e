#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Lets the n-th system call of the real program fail, for every n, and audits what it kept.

    python3 Tests/faults/syscalls.py [--mode NAME]... [--call NAME]... [--kind NAME]... [--nth N] [--all] [--jobs N]

Modes: `new` serves an empty store, `again` serves one that was killed under load, `ingest` takes a file, `compact` seals and
rewrites segments. Calls: write, sync, open, rename, read, truncate, allocate. Kinds: EIO, ENOSPC, EDQUOT, EINTR, short; and
EIO+loss and ENOSPC+loss, with which a failed synchronisation loses what it was to make durable.
For each of them n goes from 1 until the call no longer comes. Without --all, n is each of the first 12, then wider apart.

A run starts the program with the shim of `shim.c` on its store, feeds numbered lines over loopback, and notes each durable
offset that the program published. Then it starts again without the shim, and nothing that was published may be missing,
what is kept must be an unbroken beginning of what was sent, `verify` must find nothing, and a further line must be taken.
A program that failed must have said so and have ended with a documented status; one that did not fail must have kept
everything. EINTR and short results must not be noticed at all. ENOSPC and EDQUOT last until space is made, and then the
program must go on by itself.

Before all that, planted defects must be caught: a disk that drops a write, one that takes half of it and says all, a store
that is shortened, lines that changed places. Needs cc. Exit status 1 with a line for each fault.
"""
import argparse
import concurrent.futures
import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.environ.get("WARDLINE", os.path.join(ROOT, ".build", "release", "wardline"))
CALLS = ("write", "sync", "open", "rename", "read", "truncate", "allocate")
KINDS = ("EIO", "ENOSPC", "EDQUOT", "EINTR", "short", "EIO+loss", "ENOSPC+loss")
MODES = ("new", "again", "ingest", "compact")
LASTING = ("ENOSPC", "EDQUOT")
UNNOTICED = ("EINTR", "short")
# What the calls cannot meet: these end in an error of their own kind or are not interrupted.
IMPOSSIBLE = {("rename", "EINTR")} | {(call, "short") for call in CALLS if call not in ("write", "read")} | {
    (call, kind) for call in ("read",) for kind in LASTING} | {
    (call, kind + "+loss") for call in CALLS if call != "sync" for kind in ("EIO", "ENOSPC")}
SEVERAL = 4            # batches of lines
BATCH = 400            # lines of a batch
READY_SECONDS_MAX = 30
DURABLE_SECONDS_MAX = 20
FULL_SECONDS = 0.5     # how long the disk stays full
STATUSES = (2, 3)      # how a program that failed may end (docs/operate.md)


def line(number):
    return "<38>Oct  5 %02d:%02d:%02d dev-%d audit: filler=%032x key=%d" % (
        8 + number // 3600, number // 60 % 60, number % 60, number % 7, number * 0x9E3779B97F4A7C15, number)


def command(*arguments, environment=None):
    return subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=environment, timeout=120)


def environment(store, call, kind, nth, folder, suffix=None):
    """What makes the shim fail that call."""
    values = dict(os.environ, LD_PRELOAD=os.path.join(tempfile.gettempdir(), "nothing"))
    values.update({
        "LD_PRELOAD": SHIM, "FAULT_ROOT": store, "FAULT_CALLS": call, "FAULT_NTH": str(nth),
        "FAULT_KIND": str(getattr(errno, kind.split("+")[0])) if kind.startswith("E") else kind,
        "FAULT_COUNTER": os.path.join(folder, "counter"),
    })
    if kind in LASTING:
        values["FAULT_UNTIL"] = os.path.join(folder, "space")
    if kind.endswith("+loss"):
        values["FAULT_LOSE"] = "yes"
    if suffix:
        values["FAULT_SUFFIX"] = suffix
    return values


class Run:
    """One start of the program on a store whose n-th call of a kind fails."""

    def __init__(self, mode, call, kind, nth, template, suffix=None, stop=None):
        self.mode, self.call, self.kind, self.nth = mode, call, kind, nth
        self.folder = tempfile.mkdtemp(prefix="wardline-fault-")
        self.store = os.path.join(self.folder, "store")
        self.first = 0
        if mode in ("again", "compact"):
            shutil.copytree(template.store, self.store)
            self.first = template.count
        else:
            os.makedirs(self.store)
        self.environment = environment(self.store, call, kind, nth, self.folder, suffix)
        # Every third run ends by SIGKILL, so that what closing would have put right is seen too.
        self.stop = stop or (signal.SIGKILL if nth % 3 == 0 else signal.SIGTERM)
        self.sent, self.published, self.status, self.said, self.port = self.first, 0, None, "", None
        self.is_whole = False
        self.faults = []

    def fault(self, text):
        self.faults.append("%s %s %s %d: %s" % (self.mode, self.call, self.kind, self.nth, text))

    @property
    def has_fired(self):
        try:
            with open(os.path.join(self.folder, "counter")) as file:
                return " fired " in file.read()
        except FileNotFoundError:
            return False

    def make_space(self):
        with open(os.path.join(self.folder, "space"), "w"):
            pass

    # The daemon.

    def ask(self):
        """The durable offset that the daemon publishes; None when nobody answers."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(os.path.join(self.store, "control.sock"))
                connection.sendall(b'{"command":"status"}\n')
                answer = b""
                while not answer.endswith(b"\n"):
                    piece = connection.recv(65536)
                    if not piece:
                        break
                    answer += piece
            offset = json.loads(answer)["durableOffset"]
        except (OSError, ValueError, KeyError):
            return None
        self.published = max(self.published, offset)
        return offset

    def follow(self, process):
        """Collects what the daemon says, and finds its port."""
        for raw in process.stderr:
            text = raw.decode(errors="replace")
            self.said += text
            found = re.search(r"ready .*?syslog\+tcp://127\.0\.0\.1:(\d+)", text)
            if found:
                self.port = int(found.group(1))
                self.ready.set()
        self.ready.set()

    def serve(self):
        self.port, self.ready = None, threading.Event()
        process = subprocess.Popen(
            [BINARY, "serve", "--store", self.store, "--listen", "syslog+tcp://127.0.0.1:0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.environment)
        reader = threading.Thread(target=self.follow, args=(process,), daemon=True)
        reader.start()
        try:
            if not self.ready.wait(FULL_SECONDS) and self.kind in LASTING:
                self.make_space()
            self.ready.wait(READY_SECONDS_MAX)
            if self.port is not None:
                self.feed(process)
            elif process.poll() is None:
                try:
                    process.wait(2)
                except subprocess.TimeoutExpired:
                    self.fault("neither ready nor ended")
            if process.poll() is None:
                process.send_signal(self.stop)
            try:
                self.status = process.wait(60)
            except subprocess.TimeoutExpired:
                self.fault("does not stop")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            reader.join(5)

    def feed(self, process):
        """Sends the lines, batch after batch, each when the one before is durable or nothing moves any more."""
        base = self.ask()
        try:
            connection = socket.create_connection(("127.0.0.1", self.port))
            connection.settimeout(5)
        except OSError:
            return
        with connection:
            for _ in range(SEVERAL):
                before = self.ask()
                try:
                    connection.sendall("".join(line(self.sent + step) + "\n" for step in range(BATCH)).encode())
                except OSError:
                    return
                self.sent += BATCH
                if not self.wait_for(process, before):
                    return
        self.is_whole = base is not None

    def wait_for(self, process, before):
        """Whether all lines sent so far became durable."""
        began, space = time.monotonic(), False
        while time.monotonic() - began < DURABLE_SECONDS_MAX:
            offset = self.ask()
            if offset is None or process.poll() is not None:
                return False
            if before is not None and offset >= before + BATCH:
                return True
            if "nothing is acknowledged any more" in self.said:
                return False
            if self.kind in LASTING and not space and time.monotonic() - began > FULL_SECONDS:
                self.make_space()
                space = True
            time.sleep(0.01)
        self.fault("after %d s the lines are not durable; it says: %s" % (DURABLE_SECONDS_MAX, self.said[-300:]))
        return False

    # Commands that end by themselves.

    def ingest(self):
        path = os.path.join(self.folder, "input.log")
        self.sent = self.first + SEVERAL * BATCH
        with open(path, "w") as file:
            for number in range(self.first, self.sent):
                file.write(line(number) + "\n")
        self.once("ingest", "--store", self.store, path)
        self.is_whole = self.status == 0

    def compact(self):
        self.once("store", "compact", "--store", self.store)
        self.is_whole = True  # It takes no records: those of the template stay whatever happens.

    def once(self, *arguments):
        timer = None
        if self.kind in LASTING:
            timer = threading.Timer(FULL_SECONDS, self.make_space)
            timer.start()
        try:
            done = command(*arguments, environment=self.environment)
            self.status, self.said = done.returncode, done.stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            self.fault("does not end")
        if timer:
            timer.cancel()
        self.make_space()

    # The judgement.

    def judge_end(self):
        if self.status is None:
            return
        killed = self.status == -signal.SIGKILL and self.stop == signal.SIGKILL
        failed = not killed and self.status != 0
        if failed and self.status not in STATUSES:
            self.fault("ended with %s: %s" % (self.status, self.said[-300:]))
        if failed and not self.said.strip():
            self.fault("ended with %s and said nothing" % self.status)
        if self.kind in UNNOTICED and (failed or not self.is_whole):
            self.fault("was noticed: status %s: %s" % (self.status, self.said[-300:]))
        if failed and not self.is_whole and self.kind in LASTING and self.call == "write" and self.port is not None:
            self.fault("did not go on when there was space again: %s" % self.said[-300:])
        if not failed and not self.is_whole and not "error: " in self.said:
            self.fault("ended with %s, without all that was sent, and said: %s" % (self.status, self.said[-300:]))

    def audit(self):
        """What a start without faults finds."""
        stat = command("store", "stat", "--store", self.store, "-o", "json")
        if self.published > 0:
            kept = json.loads(stat.stdout)["durableOffset"] if stat.returncode == 0 else -1
            if kept < self.published:
                self.fault("offset %d was published, %d is there" % (self.published, kept))
        probe = os.path.join(self.folder, "probe.log")
        with open(probe, "w") as file:
            file.write("<38>Oct  5 20:00:00 dev-9 audit: the probe of %d\n" % self.nth)
        taken = command("ingest", "--store", self.store, probe)
        if taken.returncode != 0:
            self.fault("takes nothing afterwards: %s" % taken.stderr.decode(errors="replace").strip())
        verified = command("verify", "--store", self.store)
        if verified.returncode != 0:
            self.fault("verify: %s %s" % (verified.stdout.decode(errors="replace").strip(),
                                          verified.stderr.decode(errors="replace").strip()))
        rows = command("query", "--store", self.store, "--order", "offset", "-o", "cat", "--raw", "--no-pager")
        lines = rows.stdout.decode(errors="replace").splitlines()
        kept = [text for text in lines if " key=" in text]
        for number, text in enumerate(kept):
            if text != line(number):
                self.fault("line %d is not what was sent: %s" % (number, text[:80]))
                break
        if sum("the probe of %d" % self.nth in text for text in lines) != 1 and taken.returncode == 0:
            self.fault("the line taken afterwards is not found once")
        if len(kept) < self.first or self.is_whole and len(kept) < self.sent or len(kept) > self.sent:
            self.fault("%d lines kept, %d sent" % (len(kept), self.sent))

    def go(self, before_audit=None):
        try:
            {"new": self.serve, "again": self.serve, "ingest": self.ingest, "compact": self.compact}[self.mode]()
            self.make_space()
            fired = self.has_fired
            self.judge_end()
            if before_audit:
                before_audit(self)
            self.audit()
            return fired, self.faults
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class Template:
    """A store with blocks, and with records that are in none because its daemon was killed."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="wardline-fault-")
        self.store = os.path.join(self.folder, "store")
        self.count = 0
        for stop in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            run = Run("new", "none", "EIO", 1, None, stop=stop)
            if self.count:
                shutil.rmtree(run.store)
                shutil.copytree(self.store, run.store)
            run.first = run.sent = self.count
            run.serve()
            self.count = run.sent
            shutil.rmtree(self.store, ignore_errors=True)
            shutil.copytree(run.store, self.store, ignore=shutil.ignore_patterns("*.sock"))
            shutil.rmtree(run.folder)
            if not run.is_whole:
                raise RuntimeError("a store for the runs could not be made: " + run.said)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


# Planted defects.

def shorten(run):
    """Cuts the newest write-ahead file in its middle."""
    folder = os.path.join(run.store, "records", "wal")
    path = max(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".wal"))
    os.truncate(path, max(64, os.path.getsize(path) // 2))


class Swapped(Run):
    """Sends two lines in each other's place."""

    def feed(self, process):
        real = globals()["line"]
        globals()["line"] = lambda number: real(number ^ 1 if number < 2 else number)
        try:
            super().feed(process)
        finally:
            globals()["line"] = real


def planted():
    """The defects that were not caught."""
    cases = {
        "a dropped write": lambda: Run("new", "write", "drop", 3, None, ".wal", signal.SIGKILL).go(),
        "half a write that counts as whole": lambda: Run("new", "write", "early", 3, None, ".wal", signal.SIGKILL).go(),
        "a dropped write of a block": lambda: Run("new", "write", "drop", 2, None, ".seg", signal.SIGTERM).go(),
        "a shortened store": lambda: Run("new", "none", "EIO", 1, None, None, signal.SIGKILL).go(shorten),
        "lines that changed places": lambda: Swapped("new", "none", "EIO", 1, None, None, signal.SIGTERM).go(),
    }
    missed = []
    for name, case in cases.items():
        _, faults = case()
        print("planted: %s: %s" % (name, "caught, " + faults[0][:100] if faults else "NOT CAUGHT"), flush=True)
        if not faults:
            missed.append(name)
    return missed


def numbers(is_all):
    """1, 2, 3, ... or, for a shorter audit, the first twelve and then each a quarter further."""
    nth = 1
    while True:
        yield nth
        nth += 1 if is_all or nth < 12 else max(1, nth // 4)


def series(mode, call, kind, template, is_all):
    """All runs of one mode, call and kind: number of those that met the fault, and what is wrong."""
    met, faults = 0, []
    for nth in numbers(is_all):
        fired, wrong = Run(mode, call, kind, nth, template).go()
        faults += wrong
        if not fired:
            break
        met += 1
    return mode, call, kind, met, nth, faults


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--call", action="append", choices=CALLS)
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--nth", type=int, help="only this one")
    parser.add_argument("--all", action="store_true", help="every n")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--without-planted", action="store_true")
    return parser.parse_args()


def main():
    global SHIM
    chosen = options()
    folder = tempfile.mkdtemp(prefix="wardline-shim-")
    SHIM = os.path.join(folder, "shim.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shim.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", SHIM, source, "-ldl", "-lpthread"], check=True)
    template = None
    try:
        missed = [] if chosen.without_planted else planted()
        template = Template()
        cases = [(mode, call, kind) for mode in chosen.mode or MODES for call in chosen.call or CALLS
                 for kind in chosen.kind or KINDS if (call, kind) not in IMPOSSIBLE]
        runs, faults = 0, []
        with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
            if chosen.nth:
                work = [pool.submit(lambda case=case: (*case, 1, chosen.nth, Run(*case, chosen.nth, template).go()[1]))
                        for case in cases]
            else:
                work = [pool.submit(series, *case, template, chosen.all) for case in cases]
            for done in concurrent.futures.as_completed(work):
                mode, call, kind, met, last, wrong = done.result()
                runs += met
                faults += wrong
                print("%-7s %-8s %-11s %4d runs met it, the last call was below %d; %d faults"
                      % (mode, call, kind, met, last, len(wrong)), flush=True)
                for text in wrong:
                    print("  " + text, file=sys.stderr, flush=True)
        print(json.dumps({"runs": runs, "faults": len(faults), "planted_not_caught": missed}))
        return 1 if faults or missed else 0
    finally:
        if template:
            template.remove()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
