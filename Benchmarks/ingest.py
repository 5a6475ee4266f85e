#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Measures ingest over one loopback TCP connection, beside rsyslog writing gzip files where it is installed.

    python3 Benchmarks/ingest.py [LINES] [FILE]

LINES defaults to 1,000,000 of the corpus in corpus.py; FILE measures your own lines instead. WARDLINE names another binary.
Figures of two programs compare within one run only: the machine, its disk and its neighbours are part of each.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import corpus
import service

DRAIN_SECONDS_MAX = 900
RSYSLOG_PORT = 0


def send(path, connection):
    with open(path, "rb") as file:
        connection.sendfile(file)
    connection.close()


def wardline(path, lines, folder):
    store = os.path.join(folder, "store")
    daemon = service.Service(store)
    before, cpu = daemon.status()["durableOffset"], service.cpu_seconds(daemon.pid)
    began = time.monotonic()
    send(path, daemon.connect())
    sent = time.monotonic()
    daemon.wait_until(lambda status: status["listeners"][0]["received"] >= lines
                      and status["durableOffset"] >= before + lines, DRAIN_SECONDS_MAX)
    durable = time.monotonic()
    daemon.wait_until(lambda status: status["judged"] >= status["durableOffset"], DRAIN_SECONDS_MAX)
    judged = time.monotonic()
    used, peak = service.cpu_seconds(daemon.pid) - cpu, service.peak_bytes(daemon.pid)
    code = daemon.stop()
    stat = json.loads(service.command("store", "stat", "--store", store, "-o", "json"))
    return {
        "program": "wardline", "lines_per_second": round(lines / (durable - began)),
        "lines_per_second_judged": round(lines / (judged - began)),
        "sender_seconds": round(sent - began, 2), "cpu_seconds_per_million": round(used / lines * 1e6, 2),
        "peak_mebibytes": peak >> 20, "disk_bytes_per_line": round(stat["diskBytes"] / lines, 1),
        "ratio": round(stat["rawBytes"] / stat["diskBytes"], 2), "store_bytes": stat["storeBytes"],
        "lost": lines - stat["records"], "undecoded_percent": round(stat["undecoded"] / lines * 100, 2),
        "blocks": stat["blocks"], "exit": code,
    }


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def rsyslog(path, lines, raw, folder):
    """The same lines through imptcp to one gzip file, as a hospital's relay would keep them."""
    work = os.path.join(folder, "rsyslog")
    os.makedirs(work)
    port = free_port()
    out = os.path.join(work, "out.log.gz")
    with open(os.path.join(work, "conf"), "w") as file:
        file.write('\n'.join([
            'global(workDirectory="%s" maxMessageSize="64k" net.enableDNS="off")' % work,
            'main_queue(queue.type="FixedArray" queue.size="2000000" queue.dequeueBatchSize="4096")',
            'module(load="imptcp" threads="1")',
            'input(type="imptcp" port="%d" address="127.0.0.1")' % port,
            'template(name="raw" type="string" string="%rawmsg%\\n")',
            'action(type="omfile" file="%s" template="raw" zipLevel="1" asyncWriting="on" ioBufferSize="256k"' % out,
            '       veryRobustZip="off" flushOnTXEnd="off")', '']))
    process = subprocess.Popen(["rsyslogd", "-n", "-f", os.path.join(work, "conf"), "-i", os.path.join(work, "pid")],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    import socket
    for _ in range(100):
        try:
            connection = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            time.sleep(0.05)
    else:
        process.kill()
        raise RuntimeError("rsyslogd does not listen")
    cpu = service.cpu_seconds(process.pid)
    began = time.monotonic()
    send(path, connection)
    # It says nothing of what it has written: done is when neither CPU time nor file have moved for 0.5 s.
    last, still, done = None, 0, began
    while still < 10:
        size = os.stat(out).st_size if os.path.exists(out) else 0
        state = (round(service.cpu_seconds(process.pid), 1), size)
        still = still + 1 if state == last else 0
        done = done if still else time.monotonic()
        last = state
        time.sleep(0.05)
    used, peak = service.cpu_seconds(process.pid) - cpu, service.peak_bytes(process.pid)
    stopping = time.monotonic()
    process.terminate()
    process.wait()
    elapsed = done - began + time.monotonic() - stopping
    kept = subprocess.run("zcat '%s' 2>/dev/null | wc -l" % out, shell=True, stdout=subprocess.PIPE, check=False).stdout
    return {
        "program": "rsyslog-gz1", "lines_per_second": round(lines / elapsed),
        "cpu_seconds_per_million": round(used / lines * 1e6, 2), "peak_mebibytes": peak >> 20,
        "disk_bytes_per_line": round(os.stat(out).st_size / lines, 1), "ratio": round(raw / os.stat(out).st_size, 2),
        "lost": lines - int(kept),
    }


def main():
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    folder = tempfile.mkdtemp(prefix="wardline-bench-")
    try:
        if len(sys.argv) > 2:
            path = sys.argv[2]
            with open(path, "rb") as file:
                lines = sum(1 for _ in file)
        else:
            path = os.path.join(folder, "corpus.log")
            with open(path, "wb") as file:
                corpus.write(file, lines, 1)
        raw = os.stat(path).st_size
        print(json.dumps({"lines": lines, "bytes": raw, "bytes_per_line": round(raw / lines, 1), "cores": os.cpu_count()}))
        ours = wardline(path, lines, folder)
        print(json.dumps(ours))
        if shutil.which("rsyslogd"):
            theirs = rsyslog(path, lines, raw, folder)
            print(json.dumps(theirs))
            print(json.dumps({"lines_per_second_to_rsyslog": round(
                ours["lines_per_second"] / theirs["lines_per_second"], 2), "disk_to_rsyslog": round(
                    ours["disk_bytes_per_line"] / theirs["disk_bytes_per_line"], 2)}))
        else:
            print("rsyslogd is not installed: nothing to compare with", file=sys.stderr)
        return 0 if ours["lost"] == 0 and ours["exit"] == 0 else 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
