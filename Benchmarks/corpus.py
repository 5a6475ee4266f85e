#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# This file is part of Wardline.
"""Writes a hospital's syslog, the same bytes for the same arguments: corpus.py LINES [SEED] > corpus.log

A mix of what a medical network sends: servers, firewalls, DHCP, sensors, workstations, devices. Names and addresses are of
no real place. About one line in twenty has no decoder, as in life.
"""
import random
import sys

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
UNKNOWN_SHARE = 0.05  # of the lines, which no decoder takes
STEP_SECONDS = 0.02  # 50 lines a second in the corpus's own time: a mid-sized hospital at noon


class Corpus:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.users = ["%s.%s" % (a, b) for a in "abcdefghkm" for b in ("keller", "osei", "lindt", "marsh", "ito", "vega")]
        self.servers = ["srv-%s-%02d" % (a, n) for a in ("pacs", "ris", "hl7", "lab", "jump", "ad") for n in range(1, 9)]
        self.devices = ["%s-%03d" % (a, n) for a in ("pump", "vent", "ct", "mr", "us", "ecg") for n in range(1, 120)]
        self.addresses = ["10.%d.%d.%d" % (self.random.randrange(16, 64), self.random.randrange(256),
                                           self.random.randrange(1, 255)) for _ in range(6000)]
        self.outside = ["198.51.100.%d" % n for n in range(1, 255)] + ["203.0.113.%d" % n for n in range(1, 255)]
        self.kinds = [(18, self.ssh), (30, self.asa), (8, self.dhcp), (12, self.zeek), (6, self.session), (8, self.device),
                      (6, self.windows), (4, self.sudo), (3, self.package), (100 * UNKNOWN_SHARE, self.unknown)]
        self.total = sum(weight for weight, _ in self.kinds)

    def pick(self, of):
        return of[int(self.random.random() * len(of))]

    def port(self):
        return 1024 + int(self.random.random() * 64000)

    def old(self, priority, now, host, text):
        month, day, clock = now[0], now[1], now[2]
        return "<%d>%s %2d %s %s %s" % (priority, month, day, clock, host, text)

    def new(self, priority, now, host, application, text):
        return "<%d>1 %s %s %s %d - - %s" % (priority, now[3], host, application, self.port(), text)

    def ssh(self, now):
        user, address, port = self.pick(self.users), self.pick(self.addresses), self.port()
        kind = self.random.random()
        if kind < 0.5:
            text = "Accepted publickey for %s from %s port %d ssh2: ED25519 SHA256:%016x" % (
                user, address, port, self.random.getrandbits(64))
        elif kind < 0.7:
            text = "Failed password for %s from %s port %d ssh2" % (user, address, port)
        else:
            text = "Disconnected from user %s %s port %d" % (user, address, port)
        return self.old(38, now, self.pick(self.servers), "sshd[%d]: %s" % (port, text))

    def asa(self, now):
        source, target = self.pick(self.addresses), self.pick(self.addresses)
        number, port, known = self.random.randrange(1, 9_000_000), self.port(), self.pick([104, 443, 2575, 11112, 22])
        kind = self.random.random()
        if kind < 0.45:
            text = "%%ASA-6-302013: Built inbound TCP connection %d for med:%s/%d (%s/%d) to core:%s/%d (%s/%d)" % (
                number, source, port, source, port, target, known, target, known)
        elif kind < 0.9:
            text = "%%ASA-6-302014: Teardown TCP connection %d for med:%s/%d to core:%s/%d duration 0:%02d:%02d bytes %d TCP FINs" % (
                number, source, port, target, known, number % 60, port % 60, number)
        else:
            text = "%%ASA-4-106023: Deny tcp src med:%s/%d dst outside:%s/%d by access-group \"med_out\" [0x0, 0x0]" % (
                source, port, self.pick(self.outside), known)
        return self.old(166, now, "fw-core-%d" % (1 + number % 2), ": " + text)

    def dhcp(self, now):
        address = self.pick(self.addresses)
        mac = "02:%02x:%02x:%02x:%02x:%02x" % tuple(self.random.randrange(256) for _ in range(5))
        return self.old(30, now, "dhcp-1", "dhcpd[812]: DHCPACK on %s to %s (%s) via eth0" % (
            address, mac, self.pick(self.devices)))

    def zeek(self, now):
        return self.new(134, now, "sensor-1", "zeek", (
            '{"_path":"conn","ts":"%s","uid":"C%012x","id.orig_h":"%s","id.orig_p":%d,"id.resp_h":"%s","id.resp_p":%d,'
            '"proto":"tcp","service":"dicom","duration":%.3f,"orig_bytes":%d,"resp_bytes":%d,"conn_state":"SF"}') % (
                now[3], self.random.getrandbits(48), self.pick(self.addresses), self.port(), self.pick(self.addresses),
                self.pick([104, 11112]), self.random.random() * 9, self.port(), self.port()))

    def session(self, now):
        return self.new(86, now, self.pick(self.servers), "sshd",
                        "pam_unix(sshd:session): session opened for user %s(uid=%d) by (uid=0)" % (
                            self.pick(self.users), self.port()))

    def device(self, now):
        return self.new(134, now, self.pick(self.devices), "device",
                        "status: ready, battery %d %%, temperature %.1f, cycles %d" % (
                            self.random.randrange(20, 101), 30 + self.random.random() * 9, self.port()))

    def windows(self, now):
        code, kind = self.pick([("4624", "success"), ("4625", "failure"), ("4634", "success")])
        return self.new(110, now, "ws-%03d" % self.random.randrange(400), "winlogbeat", (
            '{"@timestamp":"%s","winlog":{"event_id":%s,"channel":"Security","computer_name":"ws-%03d","event_data":'
            '{"TargetUserName":"%s","IpAddress":"%s","LogonType":"3"}},"event":{"outcome":"%s"}}') % (
                now[3], code, self.random.randrange(400), self.pick(self.users), self.pick(self.addresses), kind))

    def sudo(self, now):
        user = self.pick(self.users)
        return self.old(86, now, self.pick(self.servers),
                        "sudo: %s : TTY=pts/0 ; PWD=/srv ; USER=root ; COMMAND=/usr/bin/systemctl status ris" % user)

    def package(self, now):
        return self.new(134, now, self.pick(self.servers), "dpkg",
                        "status installed libexample%d:amd64 1.%d-%d" % (
                            self.random.randrange(90), self.random.randrange(20), self.random.randrange(5)))

    def unknown(self, now):
        return self.old(13, now, self.pick(self.devices), "fw: %016x %016x" % (
            self.random.getrandbits(64), self.random.getrandbits(64)))

    def clock(self, number):
        seconds = 8 * 3600 + number * STEP_SECONDS
        day, seconds = 5 + int(seconds // 86400), seconds % 86400
        month = MONTHS[9 + (day - 1) // 28 % 3]
        day = (day - 1) % 28 + 1
        clock = "%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)
        number = MONTHS.index(month) + 1
        return month, day, clock, "2026-%02d-%02dT%s.%03dZ" % (number, day, clock, seconds % 1 * 1000)

    def line(self, number):
        place = self.random.random() * self.total
        for weight, kind in self.kinds:
            place -= weight
            if place < 0:
                return kind(self.clock(number))
        return self.kinds[-1][1](self.clock(number))


def write(out, lines, seed):
    corpus = Corpus(seed)
    pending = []
    for number in range(lines):
        pending.append(corpus.line(number))
        if len(pending) == 4096:
            out.write(("\n".join(pending) + "\n").encode())
            pending = []
    if pending:
        out.write(("\n".join(pending) + "\n").encode())


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    write(sys.stdout.buffer, int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
