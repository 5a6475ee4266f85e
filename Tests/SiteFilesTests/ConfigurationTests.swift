// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SiteFiles
import Testing

@Suite struct ConfigurationTests {
    private func parse(_ text: String) throws -> Configuration {
        try Configuration(parsing: Array(text.utf8), file: "c.yaml")
    }

    @Test func `a whole file is read and relative paths start at its folder`() throws {
        let configuration = try parse(
            """
            node: { id: ward-01, data: store }
            listen:
              - { name: legacy, protocol: syslog, transport: udp, bind: "0.0.0.0:514" }
              - { protocol: jsonl, transport: tcp, bind: "[::1]:0" }
            limits: { max_message: 16KiB, connections: 10, receive_buffer: 1MiB }
            time: { default_zone: UTC, correct_clocks: never, lateness: 90s }
            site: site
            rules: [rules, /usr/share/rules]
            fsync: { every: 5ms, bytes: 1MiB }
            store: { deflate: zlib }
            """
        ).resolved(against: "/etc/wardline")
        #expect(configuration.node == "ward-01")
        #expect(configuration.data == "/etc/wardline/store")
        #expect(
            configuration.listeners == [
                ListenerDefinition(name: "legacy", .syslog, .udp, host: "0.0.0.0", port: 514),
                ListenerDefinition(name: "jsonl-tcp-[::1]:0", .jsonLines, .tcp, host: "::1", port: 0),
            ]
        )
        #expect(configuration.limits.messageSizeMaxBytes == 16_384)
        #expect(configuration.limits.connectionCountMax == 10)
        #expect(configuration.limits.receiveBufferBytes == 1_048_576)
        #expect(configuration.clockCorrection == .never)
        #expect(configuration.latenessNanoseconds == 90 * UTCTime.second)
        #expect(configuration.site == ["/etc/wardline/site"])
        #expect(configuration.rules == ["/etc/wardline/rules", "/usr/share/rules"])
        #expect(configuration.groupCommit.delayNanoseconds == 5_000_000)
        #expect(configuration.groupCommit.sizeMaxBytes == 1_048_576)
        #expect(configuration.deflate == .zlib && Configuration().deflate == .auto)
    }

    @Test func `a listener has limits and certificates of its own`() throws {
        let configuration = try parse(
            """
            limits: { max_message: 32KiB }
            listen:
              - name: secure
                protocol: syslog
                transport: tcp
                bind: "127.0.0.1:6514"
                allow: [10.20.0.0/16, "fd00::/8"]
                max_connections_per_peer: 4
                idle_timeout: 5m
                max_message: 8KiB
                rate: 500/s
                tls:
                  { cert: s.pem, key: /k.pem, client: required, client_ca: ca.pem, names: ["*.example.org"] }
              - { protocol: jsonl, transport: relp, bind: "127.0.0.1:0", allow: inventory }
              - name: pinned
                protocol: syslog
                transport: tls
                bind: "127.0.0.1:0"
                tls:
                  cert: s.pem
                  key: k.pem
                  client: optional
                  mode: fingerprint
                  min_version: "1.3"
                  fingerprints: "SHA-1:\(String(repeating: "AB:", count: 19))AB"
            """
        ).resolved(against: "/etc/wardline")
        let secure = configuration.listeners[0]
        #expect(secure.carrier == .tls)
        let prefixes = ["10.20.0.0/16", "fd00::/8"].compactMap { IPPrefix($0) }
        #expect(secure.limits.allowed == .prefixes(prefixes))
        #expect(secure.limits.connectionsPerPeerMax == 4)
        #expect(secure.limits.idleNanoseconds == 300 * UTCTime.second)
        #expect(secure.limits.recordsPerSecondMax == 500)
        #expect(configuration.limits.messageSizeMaxBytes(of: secure) == 8_192)
        #expect(secure.security?.certificatePath == "/etc/wardline/s.pem")
        #expect(secure.security?.keyPath == "/k.pem")
        #expect(secure.security?.authorityPath == "/etc/wardline/ca.pem")
        #expect(secure.security?.client == .required)
        #expect(secure.security?.names == ["*.example.org"])
        let relp = configuration.listeners[1]
        #expect(relp.carrier == .relp && relp.limits.allowed == .inventory && relp.security == nil)
        #expect(configuration.limits.messageSizeMaxBytes(of: relp) == 32_768)
        let pinned = try #require(configuration.listeners[2].security)
        #expect(pinned.fingerprints == ["sha-1:" + String(repeating: "ab", count: 20)])
        #expect(pinned.versionMin == .tls13 && pinned.mode == .fingerprint && pinned.client == .optional)
    }

    @Test(arguments: [
        (ListenerDefinition.Carrier.udp, 65_536), (.tcp, 1_048_576), (.tls, 1_048_576), (.relp, 1_048_576),
    ])
    func `without a word a datagram keeps 64 KiB and a frame of a connection 1 MiB`(
        carrier: ListenerDefinition.Carrier,
        expected: Int
    ) {
        let listener = ListenerDefinition(name: "a", .syslog, carrier, host: "127.0.0.1", port: 0)
        #expect(Configuration.Limits().messageSizeMaxBytes(of: listener) == expected)
    }

    @Test(arguments: [
        ("transport: tls", "no 'tls'"), ("transport: udp, tls: { cert: a, key: b }", "datagrams"),
        ("transport: tls, tls: { cert: a }", "no 'key'"), ("transport: tls, tls: { key: a }", "no 'cert'"),
        ("transport: tls, tls: { cert: a, key: b, client: required }", "client_ca"),
        ("transport: tls, tls: { cert: a, key: b, client_ca: c }", "client: required"),
        ("transport: tls, tls: { cert: a, key: b, client: required, mode: fingerprint }", "fingerprints"),
        (
            "transport: tls, tls: { cert: a, key: b, client: required, mode: fingerprint, "
                + "fingerprints: \"sha-256:ab\" }", "64 hexadecimal"
        ),
        (
            "transport: tls, tls: { cert: a, key: b, client: required, client_ca: c, names: \"a.*.org\" }",
            "no name"
        ),
        ("transport: tls, tls: { cert: a, key: b, min_version: \"1.1\" }", "1.2, 1.3"),
        ("transport: tls, tls: { cert: a, key: b, clients: required }", "client"),
        ("transport: tcp, allow: 10.0.0.1/8", "network address"), ("transport: tcp, allow: []", "nobody"),
        ("transport: tcp, rate: 500", "500/s"), ("transport: tcp, rate: 0/s", "500/s"),
        ("transport: udp, idle_timeout: 5m", "no connections"),
        ("transport: tcp, idle_timeout: 5", "duration"),
        ("transport: udp, max_connections_per_peer: 5", "no connections"),
        ("transport: tcp, max_message: 1KiB", "size"), ("transport: tcp, idle: 5m", "not known"),
    ])
    func `a key of a listener that means nothing is refused with its place`(keys: String, word: String) {
        let text = "listen:\n  - { protocol: syslog, bind: \"127.0.0.1:1\", \(keys) }"
        let error = #expect(throws: SiteFilesError.self) { try parse(text) }
        #expect(error?.location.hasPrefix("c.yaml:2:") == true)
        #expect(error?.message.contains(word) == true, "\(String(describing: error))")
    }

    @Test func `retention rules keep for days, years of 366 days, or ever`() throws {
        let rules = try parse(
            "retention:\n  - { class: network, zone: icu, keep: 90d }\n  - { keep: 6y }\n"
                + "  - { class: default, keep: forever }"
        ).retention
        #expect(rules.map(\.eventClass) == [.network, nil, nil] && rules.map(\.zone) == ["icu", nil, nil])
        let day = 86_400 * UTCTime.second
        #expect(rules.map(\.keepNanoseconds) == [90 * day, 6 * 366 * day, nil])
        #expect(rules[0].text == "class network zone icu keep 90d")
    }

    @Test(arguments: [
        ("keep: 0d", "keep"), ("keep: 3w", "days"), ("keep: 1.5d", "days"), ("keep: 200000d", "days"),
        ("class: netwrok, keep: 1d", "network"), ("class: access", "keep"), ("keep: 1d, size: 3", "size"),
    ])
    func `a retention rule that means nothing is refused`(rule: String, word: String) {
        let error = #expect(throws: SiteFilesError.self) { try parse("retention: [{ \(rule) }]") }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test func `what a file leaves out has its default`() throws {
        var expected = Configuration()
        expected.node = "a"
        #expect(try parse("node: a") == expected)
        #expect(expected.listeners.allSatisfy { $0.host == "127.0.0.1" })
    }

    @Test(arguments: [
        ("nodes: a", "c.yaml:1:1", "node"),
        ("node: a\nnode: b", "c.yaml:1:1", "twice"),
        ("listen: 5514", "c.yaml:1:9", "list"),
        ("listen:\n  - { protocol: syslog, transport: udp }", "c.yaml:2:5", "bind"),
        ("listen:\n  - { protocol: sylog, transport: udp, bind: \"127.0.0.1:1\" }", "c.yaml:2:17", "syslog"),
        (
            "listen:\n  - { protocol: syslog, transport: quic, bind: \"127.0.0.1:1\" }", "c.yaml:2:36",
            "udp, tcp, tls, relp"
        ),
        (
            "listen:\n  - { protocol: syslog, transport: udp, bind: \"localhost:1\" }", "c.yaml:2:47",
            "numeric"
        ),
        (
            "listen:\n  - { protocol: syslog, transport: udp, bind: \"127.0.0.1:65536\" }", "c.yaml:2:47",
            "port"
        ),
        ("listen:\n  - { protocol: syslog, transport: udp, bind: \"::1:514\" }", "c.yaml:2:47", "numeric"),
        (
            "listen:\n  - { protocol: syslog, transport: udp, bind: \"127.0.0.1:1\" }\n"
                + "  - { name: b, protocol: jsonl, transport: udp, bind: \"127.0.0.1:1\" }",
            "c.yaml:3:55", "taken"
        ),
        ("limits: { max_message: 1KiB }", "c.yaml:1:24", "size"),
        ("limits: { max_message: 64kb }", "c.yaml:1:24", "size"),
        ("limits: { connections: 0 }", "c.yaml:1:24", "from 1"),
        ("time: { latenes: 5m }", "c.yaml:1:9", "lateness"),
        ("time: { lateness: 5 }", "c.yaml:1:19", "duration"),
        ("time: { default_zone: ../../etc/passwd }", "c.yaml:1:23", "read as UTC"),
        ("time: { default_zone: Europe/Berlin }", "c.yaml:1:23", "read as UTC"),
        ("time: { correct_clocks: sometimes }", "c.yaml:1:25", "measured, never"),
        ("fsync: always", "c.yaml:1:8", "group(20ms)"),
        ("fsync: { every: 2s }", "c.yaml:1:17", "duration"),
        ("store: { deflate: lzma }", "c.yaml:1:19", "zlib"),
        ("store: { compress: zlib }", "c.yaml:1:10", "not known"),
        ("data:", "c.yaml:1:6", "empty"),
        ("node: no", "c.yaml:1:7", "quotes"),
    ])
    func `a fault is refused with its place and what to do`(
        text: String,
        location: String,
        hint: String
    ) throws {
        let error = try #require(throws: SiteFilesError.self) { try parse(text) }
        #expect(error.location == location)
        #expect(error.message.contains(hint), "\(error.message)")
    }

    @Test(arguments: [
        ("syslog+udp://127.0.0.1:5514", "127.0.0.1", 5_514), ("jsonl+tcp://[::1]:0", "::1", 0),
        ("syslog+tcp://[::]:514", "::", 514),
    ])
    func `an address to listen on round-trips through its text`(url: String, host: String, port: Int) throws {
        let listener = try ListenerDefinition(url: url)
        #expect(listener.description == url)
        #expect(listener.host == host)
        #expect(listener.port == port)
    }

    @Test(arguments: [
        ("127.0.0.1:5514", "no address"), ("syslg+udp://127.0.0.1:1", "syslog+udp"),
        ("syslog+udp://example.org:1", "numeric"), ("syslog+udp://127.0.0.1:", "numeric"),
        ("syslog+udp://[127.0.0.1]:5", "numeric"), ("", "no address"),
    ])
    func `a bad address to listen on says what is expected`(url: String, hint: String) throws {
        let error = try #require(throws: WardlineError.self) { try ListenerDefinition(url: url) }
        #expect(error.code == .usage)
        #expect(error.message.contains(hint), "\(error.message)")
    }
}
