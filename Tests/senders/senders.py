#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Sends lines with real senders to a running `wardline serve` over every transport, and looks for each line in the store.

    python3 Tests/senders/senders.py WARDLINE [FOLDER]

Senders: rsyslog (omfwd over UDP, TCP with both framings and TLS; omrelp, with and without TLS), syslog-ng (syslog() and network()
over UDP, TCP and TLS), logger, netcat, openssl. FOLDER may hold an unpacked syslog-ng, as .ci/install leaves it. One line for each:
`ok`, `absent` with what is missing, or `FAIL`. Loopback only; ends by itself. Exit status 1 when a sender that is there failed.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

COUNT = 20
WAIT_SECONDS_MAX = 15

LISTENERS = """
listen:
  - {name: udp, protocol: syslog, transport: udp, bind: "127.0.0.1:0"}
  - {name: tcp, protocol: syslog, transport: tcp, bind: "127.0.0.1:0"}
  - {name: relp, protocol: syslog, transport: relp, bind: "127.0.0.1:0"}
  - {name: tls, protocol: syslog, transport: tls, bind: "127.0.0.1:0", tls: &TLS}
  - {name: relptls, protocol: syslog, transport: relp, bind: "127.0.0.1:0", tls: &TLS}
""".replace("&TLS", "{cert: DIR/server.pem, key: DIR/server.key, client: required, client_ca: DIR/ca.pem}")


class Bench:
    """The daemon, its addresses, and what it has stored."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.store, self.tls = os.path.join(folder, "store"), os.path.join(folder, "tls")
        self.run("tls", "demo-ca", self.tls)
        config = os.path.join(folder, "wardline.yaml")
        with open(config, "w") as file:
            file.write(LISTENERS.replace("DIR", self.tls))
        self.process = subprocess.Popen([binary, "serve", "--store", self.store, "--config", config],
                                        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        for line in self.process.stderr:
            if line.startswith(b"ready "):
                break
        else:
            raise RuntimeError("the daemon ended with %s" % self.process.wait())
        listeners = json.loads(self.run("status", "--store", self.store, "-o", "json"))["listeners"]
        self.ports = {one["name"]: int(one["address"].rsplit(":", 1)[1]) for one in listeners}

    def run(self, *arguments):
        return subprocess.run([self.binary, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False).stdout.decode(errors="replace")

    def found(self, mark):
        text = self.run("query", "--store", self.store, "-o", "cat", "--raw", "--no-pager")
        return set(re.findall(r"%s-(\d+)\b" % mark, text))

    def waits_for(self, marks):
        """The marks of which not every line came in time."""
        end = time.monotonic() + WAIT_SECONDS_MAX
        missing = list(marks)
        while missing and time.monotonic() < end:
            missing = [mark for mark in missing if len(self.found(mark)) != COUNT]
            time.sleep(0.2 if missing else 0)
        return missing

    def stop(self):
        self.process.terminate()
        return self.process.wait()


def lines(mark):
    return ["<13>Oct  5 08:00:00 dev-01 sender: %s-%d" % (mark, number) for number in range(COUNT)]


def have(*programs):
    return [name for name in programs if shutil.which(name, path="/usr/sbin:/sbin:" + os.environ["PATH"]) is None]


def logger(bench):
    for mark, arguments in [
            ("logger-udp", ["-d", "-P", str(bench.ports["udp"])]),
            ("logger-tcp", ["-T", "-P", str(bench.ports["tcp"])]),
            ("logger-counted", ["-T", "--octet-count", "-P", str(bench.ports["tcp"])])]:
        text = "\n".join("%s-%d" % (mark, number) for number in range(COUNT))
        subprocess.run(["logger", "-n", "127.0.0.1", *arguments], input=text.encode(), check=False)
        yield mark


def netcat(bench):
    subprocess.run(["nc", "-N", "127.0.0.1", str(bench.ports["tcp"])], input="\n".join(lines("nc-tcp")).encode(),
                   check=False, timeout=20)
    yield "nc-tcp"
    for line in lines("nc-udp"):
        subprocess.run(["nc", "-u", "-q", "0", "127.0.0.1", str(bench.ports["udp"])], input=line.encode(),
                       stderr=subprocess.DEVNULL, check=False, timeout=20)
    yield "nc-udp"


def openssl(bench):
    # The client is gone as soon as its input ends.
    subprocess.run(["openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", "127.0.0.1:%d" % bench.ports["tls"],
                    "-cert", bench.tls + "/client.pem", "-key", bench.tls + "/client.key", "-CAfile", bench.tls + "/ca.pem"],
                   input=("\n".join(lines("openssl-tls")) + "\n").encode(), stderr=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=False, timeout=20)
    yield "openssl-tls"


def rsyslog(bench):
    ports, tls = bench.ports, bench.tls
    folder = os.path.join(bench.folder, "rsyslog")
    os.makedirs(folder)
    driver = ('StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" '
              'StreamDriverPermittedPeers="localhost"')
    relp_tls = ('tls="on" tls.caCert="%s/ca.pem" tls.myCert="%s/client.pem" tls.myPrivKey="%s/client.key" '
                'tls.authMode="name" tls.permittedPeer=["localhost"]' % (tls, tls, tls))
    actions = {
        "rsyslog-udp": 'type="omfwd" target="127.0.0.1" protocol="udp" port="%d"' % ports["udp"],
        "rsyslog-tcp": 'type="omfwd" target="127.0.0.1" protocol="tcp" port="%d"' % ports["tcp"],
        "rsyslog-counted":
            'type="omfwd" target="127.0.0.1" protocol="tcp" TCP_Framing="octet-counted" port="%d"' % ports["tcp"],
        "rsyslog-tls": 'type="omfwd" target="127.0.0.1" protocol="tcp" TCP_Framing="octet-counted" port="%d" %s'
                       % (ports["tls"], driver),
        "rsyslog-relp": 'type="omrelp" target="127.0.0.1" port="%d"' % ports["relp"],
        "rsyslog-relptls": 'type="omrelp" target="127.0.0.1" port="%d" %s' % (ports["relptls"], relp_tls),
    }
    with open(os.path.join(folder, "conf"), "w") as file:
        file.write('global(workDirectory="%s" defaultNetstreamDriverCAFile="%s/ca.pem" '
                   'defaultNetstreamDriverCertFile="%s/client.pem" defaultNetstreamDriverKeyFile="%s/client.key")\n'
                   % (folder, tls, tls, tls))
        file.write('module(load="imfile")\nmodule(load="omrelp")\n')
        for mark, action in actions.items():
            source = os.path.join(folder, mark)
            with open(source, "w") as text:
                text.write("\n".join("%s-%d" % (mark, number) for number in range(COUNT)) + "\n")
            file.write('ruleset(name="%s") { action(%s action.resumeRetryCount="-1") }\n' % (mark, action))
            file.write('input(type="imfile" file="%s" tag="sender:" ruleset="%s")\n' % (source, mark))
    process = subprocess.Popen(["rsyslogd", "-n", "-f", folder + "/conf", "-i", folder + "/pid"],
                               env=dict(os.environ, PATH="/usr/sbin:/sbin:" + os.environ["PATH"]),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield from actions
    yield process


def syslog_ng(bench, unpacked):
    ports, tls = bench.ports, bench.tls
    folder = os.path.join(bench.folder, "syslog-ng")
    os.makedirs(folder)
    security = 'tls(ca-file("%s/ca.pem") cert-file("%s/client.pem") key-file("%s/client.key") peer-verify(required-trusted))' % (
        tls, tls, tls)
    targets = {
        "ng-syslog-tcp": 'syslog("127.0.0.1" transport("tcp") port(%d))' % ports["tcp"],
        "ng-syslog-udp": 'syslog("127.0.0.1" transport("udp") port(%d))' % ports["udp"],
        "ng-syslog-tls": 'syslog("localhost" ip-protocol(4) transport("tls") port(%d) %s)' % (ports["tls"], security),
        "ng-network-tcp": 'network("127.0.0.1" transport("tcp") port(%d))' % ports["tcp"],
        "ng-network-udp": 'network("127.0.0.1" transport("udp") port(%d))' % ports["udp"],
        "ng-network-tls": 'network("localhost" ip-protocol(4) transport("tls") port(%d) %s)' % (ports["tls"], security),
    }
    with open(os.path.join(folder, "conf"), "w") as file:
        file.write("@version: 3.38\noptions { stats-freq(0); };\n")
        for mark, target in targets.items():
            source = os.path.join(folder, mark)
            with open(source, "w") as text:
                text.write("\n".join("%s-%d" % (mark, number) for number in range(COUNT)) + "\n")
            file.write('log { source { file("%s" flags(no-parse) read-old-records(yes)); }; destination { %s persist-name("%s")); }; };\n'
                       % (source, target[:-1], mark))
    root = unpacked or ""
    program = root + "/usr/sbin/syslog-ng"
    environment, arguments = dict(os.environ), []
    if unpacked:
        found = [base for base, _, names in os.walk(root) if any(name.startswith("libsyslog-ng") for name in names)]
        modules = [base for base, _, names in os.walk(root) if "libaffile.so" in names or "libafsocket.so" in names]
        environment["LD_LIBRARY_PATH"] = ":".join(found)
        arguments = ["--module-path", ":".join(modules)]
    process = subprocess.Popen(
        [program, "-F", "-f", folder + "/conf", "--persist-file", folder + "/persist", "--pidfile", folder + "/pid",
         "--control", folder + "/control", "--no-caps", *arguments],
        env=environment, stdout=subprocess.DEVNULL, stderr=open(folder + "/errors", "w"))
    yield from targets
    yield process


def main():
    binary = sys.argv[1]
    unpacked = sys.argv[2] if len(sys.argv) > 2 and os.path.exists(sys.argv[2] + "/usr/sbin/syslog-ng") else None
    folder = tempfile.mkdtemp(prefix="wardline-senders-")
    bench = Bench(binary, folder)
    marks, processes = [], []
    try:
        senders = [("logger", have("logger"), logger), ("netcat", have("nc"), netcat),
                   ("openssl", have("openssl"), openssl), ("rsyslog", have("rsyslogd"), rsyslog),
                   ("syslog-ng", [] if unpacked else have("syslog-ng"), lambda bench: syslog_ng(bench, unpacked))]
        for name, missing, send in senders:
            if missing:
                print("absent %s: %s is not installed" % (name, ", ".join(missing)))
                continue
            for item in send(bench):
                (marks if isinstance(item, str) else processes).append(item)
        failed = bench.waits_for(marks)
        for mark in marks:
            print("%s %s" % ("FAIL" if mark in failed else "ok", mark))
        names = bench.run("query", "--store", bench.store, "peer.identity:client.example.org", "--count").strip()
        print("%s records with the sender's verified name" % names)
        status = json.loads(bench.run("status", "--store", bench.store, "-o", "json"))
        if failed:
            print(json.dumps(status["listeners"]))
    finally:
        for process in processes:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                # One that inherited a blocked SIGTERM.
                process.kill()
                process.wait()
        code = bench.stop()
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed or code != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
