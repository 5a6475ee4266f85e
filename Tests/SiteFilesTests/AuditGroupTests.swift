// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

/// Records of the Linux audit log that share a serial.
struct AuditGroupTests {
    /// What a kernel writes for one run of a command.
    static func records(serial: Int, prefix: String = "") -> [String] {
        [
            "type=SYSCALL msg=audit(1791172800.579:\(serial)): arch=c000003e syscall=59 success=yes exit=0 "
                + "a0=237f568 a1=237f368 a2=2384008 a3=59a items=2 ppid=26843 pid=27032 auid=1000 uid=0 "
                + "gid=0 tty=pts2 ses=106 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"shadow\"",
            "type=EXECVE msg=audit(1791172800.579:\(serial)): argc=2 a0=\"cat\" a1=\"/etc/shadow\"",
            "type=CWD msg=audit(1791172800.579:\(serial)): cwd=\"/home/n.ortiz\"",
            "type=PATH msg=audit(1791172800.579:\(serial)): item=0 name=\"/usr/bin/cat\" inode=7",
            "type=PATH msg=audit(1791172800.579:\(serial)): item=1 name=\"/lib64/ld.so\" inode=8",
            "type=PROCTITLE msg=audit(1791172800.579:\(serial)): proctitle=636174002F6574632F736861646F77",
            "type=EOE msg=audit(1791172800.579:\(serial)): ",
        ].map { prefix + $0 }
    }

    private func decoded(_ lines: [String]) -> [String] { AssemblyTests.events(lines.map { (0, $0) }) }

    @Test func `a run of a command is one fact, and its last record shows the whole`() {
        let events = decoded(Self.records(serial: 7))
        #expect(events.count == 8)
        #expect(events.count { $0.contains("process_start") } == 1)
        #expect(
            events[0].hasPrefix("0.0 update process_start success 2026-10-05T04:00:00.579Z [missing_pri]")
        )
        for index in [1, 2, 3, 4, 5, 7] {
            #expect(events[index].contains("[missing_pri,fragment]"), "\(events[index])")
        }
        let whole = events[6]
        #expect(whole.hasPrefix("5.1 update status_report success 2026-10-05T04:00:00.579Z [missing_pri]"))
        for part in [
            "ext.records=0 1 2 3 4 5", "ext.exe=/usr/bin/cat", "ext.a0=cat", "ext.a1=/etc/shadow",
            "ext.cwd=/home/n.ortiz", "ext.name=/lib64/ld.so; ext.name=/usr/bin/cat", "ext.key=shadow",
            "ext.command=cat /etc/shadow", "session.id=106", "vendor.code=SYSCALL", "ext.audit.serial=7",
        ] { #expect(whole.contains(part), "\(part) in \(whole)") }
        #expect(!whole.contains("237f368"))
        #expect(events[1].contains("vendor.code=EXECVE") && events[1].contains("ext.artefact=cat"))
    }

    @Test func `records that stand alone stay as they are`() {
        let call = Self.records(serial: 7)[0]
        let lines = [
            call,
            "type=USER_LOGIN msg=audit(1791172800.165:8): pid=1702 uid=0 auid=1000 ses=3 msg='op=login "
                + "acct=\"m.weber\" exe=\"/usr/sbin/sshd\" hostname=? addr=10.44.3.9 res=success'",
            "type=EXECVE msg=audit(1791172800.579:9): argc=1 a0=\"id\"",
            "type=PROCTITLE msg=audit(1791172800.579:9): proctitle=6964",
            call.replacing(":7)", with: ":10)"),
        ]
        let events = decoded(lines)
        #expect(events.count == lines.count)
        #expect(events.count { $0.contains("process_start success") } == 2)
        #expect(events[1].contains("access login success") && events[2].contains("update process_start"))
        #expect(!events.contains { $0.contains("fragment") || $0.contains("ext.records") })
    }

    @Test func `a fact that only a follower tells is told by it`() {
        let call = Self.records(serial: 7)[0].replacing("syscall=59", with: "syscall=42")
        let lines = [
            call, "type=SOCKADDR msg=audit(1791172800.579:7): saddr=0200005010090007",
            "type=PROCTITLE msg=audit(1791172800.579:7): proctitle=6E63",
        ]
        let events = decoded(lines)
        #expect(events.count == 4 && events.count { $0.contains("network connect") } == 1)
        #expect(events[1].contains("network connect") && events[3].contains("ext.records=0 1 2"))
        #expect(events[3].contains("ext.saddr=0200005010090007") && events[3].contains("ext.command=nc"))
    }

    @Test func `a denial before the call stays a fact and is cited with it`() {
        let denial =
            "type=AVC msg=audit(1791172800.579:7): avc:  denied  { read } for  pid=1 comm=\"cat\" "
            + "name=\"shadow\" scontext=a:b:c:s0 tcontext=a:b:d:s0 tclass=file permissive=0"
        let events = decoded([denial] + Self.records(serial: 7))
        #expect(events[0].contains("access restricted_use failure") && !events[0].contains("fragment"))
        #expect(events[1].contains("process_start success") && events.count == 9)
        #expect(events[7].contains("ext.records=0 1 2 3 4 5 6") && events[7].contains("ext.name=shadow"))
    }

    @Test func `without a last record the whole is told when four newer calls have begun`() {
        let lines = Array(Self.records(serial: 7).prefix(5))
        func others(_ count: Int) -> [String] { (0..<count).map { Self.records(serial: 20 + $0)[0] } }
        #expect(!decoded(lines + others(3)).contains { $0.contains("ext.records") })
        let told = decoded(lines + others(4))
        #expect(told.last?.hasPrefix("8.1 update status_report") == true)
        #expect(told.last?.contains("ext.records=0 1 2 3 4") == true)
    }

    @Test func `serials that cross and hosts that share one stay apart`() {
        let first = Self.records(serial: 7)
        let second = Self.records(serial: 8)
        let crossed = decoded(zip(first, second).flatMap { [$0, $1] })
        #expect(crossed.contains { $0.contains("ext.records=0 2 4 6 8 10") && $0.contains("serial=7") })
        #expect(crossed.contains { $0.contains("ext.records=1 3 5 7 9 11") && $0.contains("serial=8") })
        let hosts = ["pump7", "pump8"].map { host in
            Self.records(serial: 7, prefix: "<13>Oct  5 04:00:00 \(host) audispd: ")
        }
        let shared = decoded(zip(hosts[0], hosts[1]).flatMap { [$0, $1] })
        for (host, offsets) in [("pump7", "0 2 4 6 8 10"), ("pump8", "1 3 5 7 9 11")] {
            #expect(
                shared.contains { $0.contains("ext.records=\(offsets)") && $0.contains("host.name=\(host)") }
            )
        }
    }

    @Test func `more records than are kept are said to be left out`() {
        let path = Self.records(serial: 7)[3]
        let lines = [Self.records(serial: 7)[0]] + Array(repeating: path, count: 80)
        let whole = decoded(lines + [Self.records(serial: 7)[5]]).last ?? ""
        #expect(whole.contains("ext.records=0 1 2") && whole.contains("decode_truncated"))
    }
}
