# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""A running `wardline serve` as the measurements use it: started on loopback, asked, sent to, stopped or killed."""
import json
import os
import re
import signal
import socket
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("WARDLINE", os.path.join(ROOT, ".build", "release", "wardline"))
TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS_MAX = 60  # a start that takes longer counts as failed


def cpu_seconds(pid):
    """User and system time of a process and its threads."""
    with open("/proc/%d/stat" % pid) as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_bytes(pid):
    """Peak resident memory."""
    with open("/proc/%d/status" % pid) as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) * 1024


def folder_bytes(path):
    total = 0
    for base, _, names in os.walk(path):
        total += sum(os.stat(os.path.join(base, name)).st_blocks * 512 for name in names)
    return total


def command(*arguments):
    """Runs the command line and returns its standard output."""
    done = subprocess.run([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError("wardline %s: %s" % (" ".join(arguments), done.stderr.decode(errors="replace").strip()))
    return done.stdout


class Service:
    """One start of the daemon over a store."""

    def __init__(self, store, site=None):
        self.store = store
        began = time.monotonic()
        self.process = subprocess.Popen([BINARY, "serve", "--store", store, "--listen", "syslog+tcp://127.0.0.1:0",
                                         *(["--site", site] if site else [])],
                                        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.pid = self.process.pid
        self.port = None
        while self.port is None:
            line = self.process.stderr.readline().decode(errors="replace")
            if not line or time.monotonic() - began > READY_SECONDS_MAX:
                raise RuntimeError("no ready line; the daemon ended with %s" % self.process.poll())
            found = re.search(r"ready .*?syslog\+tcp://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
        self.ready_seconds = time.monotonic() - began

    def status(self):
        return json.loads(command("status", "--store", self.store, "-o", "json"))

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port))

    def wait_until(self, holds, seconds, pause=0.05):
        """Asks the status until `holds(status)`; the last status, or an error after `seconds`."""
        end = time.monotonic() + seconds
        while True:
            status = self.status()
            if holds(status):
                return status
            if time.monotonic() > end:
                raise RuntimeError("not reached in %d s: %s" % (seconds, json.dumps(status)))
            time.sleep(pause)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stderr.read()
        return self.process.wait()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()
