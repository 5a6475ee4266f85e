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
            time: { default_zone: Europe/Berlin, correct_clocks: never, lateness: 90s }
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
        #expect(configuration.limits.recordSizeMaxBytes == 16_384)
        #expect(configuration.limits.connectionCountMax == 10)
        #expect(configuration.limits.receiveBufferBytes == 1_048_576)
        #expect(configuration.defaultZone == "Europe/Berlin")
        #expect(configuration.clockCorrection == .never)
        #expect(configuration.latenessNanoseconds == 90 * UTCTime.second)
        #expect(configuration.site == ["/etc/wardline/site"])
        #expect(configuration.rules == ["/etc/wardline/rules", "/usr/share/rules"])
        #expect(configuration.groupCommit.delayNanoseconds == 5_000_000)
        #expect(configuration.groupCommit.sizeMaxBytes == 1_048_576)
        #expect(configuration.deflate == .zlib && Configuration().deflate == .auto)
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
            "listen:\n  - { protocol: syslog, transport: tls, bind: \"127.0.0.1:1\" }", "c.yaml:2:36",
            "udp, tcp"
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
        ("time: { default_zone: ../../etc/passwd }", "c.yaml:1:23", "zone"),
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
