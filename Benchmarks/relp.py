#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Kills the daemon while rsyslog delivers over RELP, again and again, and audits that nothing acknowledged is lost.

    python3 Benchmarks/relp.py [ROUNDS] [SEED] [--own | --mutant]

A real rsyslog (omrelp) reads numbered lines and delivers them to `serve`, which is killed with SIGKILL at random moments and
started again on the same port. rsyslog's queue is on disk and only forgets what was acknowledged, so at the end
every line must be in the store. With --own the sender is a client in this file instead, which also notes each acknowledgement:
the lines acknowledged before a kill must all be there. With --mutant something stands between this client and the daemon that
answers before it passes a line on: the audit has to find lines missing then. Loopback only; ends by itself. Exit status 1 with a reason otherwise.
"""
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import service

LINES_PER_ROUND = 20000
DRAIN_SECONDS_MAX = 120
WINDOW = 128  # what rsyslog allows itself, unless told otherwise


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Serve:
    """One start of the daemon on a fixed RELP port."""

    def __init__(self, store, port):
        self.store = store
        self.process = subprocess.Popen(
            [service.BINARY, "serve", "--store", store, "--listen", "syslog+relp://127.0.0.1:%d" % port],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        while True:
            line = self.process.stderr.readline().decode(errors="replace")
            if not line:
                raise RuntimeError("no ready line; the daemon ended with %s" % self.process.poll())
            if line.startswith("ready "):
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait()


class Rsyslog:
    """A real rsyslog that reads lines from a file and delivers them with omrelp."""

    def __init__(self, folder, port):
        self.source = os.path.join(folder, "source.log")
        open(self.source, "w").close()
        spool = os.path.join(folder, "spool")
        os.makedirs(spool)
        config = os.path.join(folder, "rsyslog.conf")
        with open(config, "w") as file:
            file.write("""
global(workDirectory="%s" maxMessageSize="64k")
module(load="imfile")
module(load="omrelp")
template(name="plain" type="string" string="%%msg%%")
input(type="imfile" file="%s" tag="kill:" persistStateInterval="1000" reopenOnTruncate="off")
action(type="omrelp" target="127.0.0.1" port="%d" template="plain" action.resumeRetryCount="-1"
       action.resumeInterval="1" queue.type="LinkedList" queue.fileName="relp" queue.saveOnShutdown="on"
       queue.maxDiskSpace="1g" queue.size="200000" timeout="10")
""" % (spool, self.source, port))
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", config, "-i", os.path.join(folder, "rsyslog.pid")],
                                        stdout=subprocess.DEVNULL, stderr=open(os.path.join(folder, "rsyslog.err"), "w"))

    def write(self, number, first, count):
        with open(self.source, "a") as file:
            for sequence in range(first, first + count):
                file.write("<38>Oct  5 08:00:00 dev-01 kill: round=%d key=%d\n" % (number, sequence))

    def stop(self):
        self.process.terminate()
        self.process.wait()


class OwnSender(threading.Thread):
    """A RELP client that notes which lines were acknowledged."""

    def __init__(self, number, port, first, acknowledged):
        super().__init__(daemon=True)
        self.number, self.first, self.acknowledged, self.sent = number, first, acknowledged, 0
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.settimeout(30)
        self.answers = self.connection.makefile("rb")

    @staticmethod
    def frame(transaction, command, data):
        text = data.encode()
        return b"%d %s %d%s\n" % (transaction, command.encode(), len(text), b" " + text if text else b"")

    def run(self):
        try:
            self.connection.sendall(self.frame(1, "open", "relp_version=0\nrelp_software=audit\ncommands=syslog"))
            for _ in range(4):
                self.answers.readline()
            waiting = {}
            transaction = 2
            while True:
                while len(waiting) < WINDOW:
                    sequence = self.first + self.sent
                    self.connection.sendall(self.frame(
                        transaction, "syslog", "<38>Oct  5 08:00:00 dev-01 kill: round=%d key=%d" % (self.number, sequence)))
                    waiting[transaction] = sequence
                    self.sent += 1
                    transaction += 1
                answer = self.answers.readline()
                if not answer.endswith(b"200 OK\n"):
                    return
                self.acknowledged.add(waiting.pop(int(answer.split()[0])))
        except OSError:
            return


class EarlyAnswers(threading.Thread):
    """The planted fault: answers each line at once and passes it on later."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        sender, _ = self.listener.accept()
        behind = socket.create_connection(("127.0.0.1", self.target))
        answers, heard = behind.makefile("rb"), sender.makefile("rb")
        try:
            for _ in range(3):
                behind.sendall(heard.readline())
            for _ in range(4):
                sender.sendall(answers.readline())
            late = []
            while True:
                frame = heard.readline()
                sender.sendall(frame.split()[0] + b" rsp 6 200 OK\n")
                late.append(frame)
                if len(late) > WINDOW:
                    behind.sendall(late.pop(0))
        except (OSError, IndexError):
            pass
        finally:
            sender.close()
            behind.close()


def kept(store):
    rows = service.command("query", "--store", store, "--order", "offset", "-o", "cat", "--raw", "--no-pager")
    found = {}
    for raw in rows.decode(errors="replace").splitlines():
        if " key=" in raw:
            key = int(raw.rsplit(" key=", 1)[1])
            found[key] = found.get(key, 0) + 1
    return found


def run_rsyslog(rounds, dice, folder, store, port):
    sender = Rsyslog(folder, port)
    sent = 0
    try:
        for number in range(rounds):
            daemon = Serve(store, port)
            sender.write(number, sent, LINES_PER_ROUND)
            sent += LINES_PER_ROUND
            time.sleep(dice.uniform(0.1, 1.5))
            daemon.kill()
        daemon = Serve(store, port)
        end = time.monotonic() + DRAIN_SECONDS_MAX
        received = -1
        while time.monotonic() < end:
            status = json.loads(service.command("status", "--store", store, "-o", "json"))
            count = status["records"]
            if count == received and count >= sent:
                break
            received = count
            time.sleep(1)
    finally:
        sender.stop()
    code = daemon.stop()
    return set(range(sent)), code


def run_own(rounds, dice, _folder, store, port, is_mutant=False):
    acknowledged, first = set(), 0
    for number in range(rounds):
        daemon = Serve(store, port)
        target = port
        if is_mutant:
            between = EarlyAnswers(port)
            between.start()
            target = between.port
        sender = OwnSender(number, target, first, acknowledged)
        sender.start()
        time.sleep(dice.uniform(0.05, 1.0))
        daemon.kill()
        sender.join(10)
        if sender.is_alive():
            sender.connection.shutdown(socket.SHUT_RDWR)
            sender.join()
        first += sender.sent
    daemon = Serve(store, port)
    code = daemon.stop()
    return acknowledged, code


def main():
    arguments = [word for word in sys.argv[1:] if not word.startswith("--")]
    is_mutant = "--mutant" in sys.argv
    is_own = is_mutant or "--own" in sys.argv
    rounds = int(arguments[0]) if arguments else 30
    dice = random.Random(int(arguments[1]) if len(arguments) > 1 else 1)
    if not is_own and shutil.which("rsyslogd") is None:
        print("rsyslogd is not here: install rsyslog and rsyslog-relp, or use --own", file=sys.stderr)
        return 1
    folder = tempfile.mkdtemp(prefix="wardline-relp-")
    store, port = os.path.join(folder, "store"), free_port()
    try:
        if is_own:
            owed, code = run_own(rounds, dice, folder, store, port, is_mutant)
        else:
            owed, code = run_rsyslog(rounds, dice, folder, store, port)
        found = kept(store)
        lost = sorted(owed - set(found))
        verified = json.loads(service.command("verify", "--store", store, "-o", "json") or b"{}")
        print(json.dumps({
            "sender": "mutant" if is_mutant else "own" if is_own else "rsyslog", "rounds": rounds, "owed": len(owed), "lost": len(lost),
            "kept": len(found), "sent_twice": sum(found.values()) - len(found), "exit": code, "verify": verified,
        }))
        if is_mutant:
            return 0 if lost else 1
        for key in lost[:20]:
            print("line %d is gone" % key, file=sys.stderr)
        return 0 if not lost and code == 0 else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
