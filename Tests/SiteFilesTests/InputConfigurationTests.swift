// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import SiteFiles
import Testing

@Suite struct InputConfigurationTests {
    private func parse(_ text: String) throws -> Configuration {
        try Configuration(parsing: Array(text.utf8), file: "c.yaml")
    }

    @Test func `every kind of input is read, and relative paths start at the file's folder`() throws {
        let configuration = try parse(
            """
            listen:
              - { name: gelf, protocol: gelf, transport: udp, bind: "127.0.0.1:12201" }
              - { protocol: gelf, transport: tcp, bind: "127.0.0.1:12201" }
              - name: web
                protocol: jsonl
                transport: http
                bind: "127.0.0.1:8514"
                token_file: token
                max_body: 1MiB
              - { name: local, protocol: syslog, transport: unix, path: run/log, mode: "0660" }
            follow:
              - { name: gw, path: "/var/log/gw/*.log", protocol: jsonl, from: end }
              - logs/app.log
            """
        ).resolved(against: "/etc/wardline")
        let listeners = configuration.listeners
        #expect(
            listeners.map(\.description) == [
                "gelf+udp://127.0.0.1:12201", "gelf+tcp://127.0.0.1:12201", "jsonl+http://127.0.0.1:8514",
                "syslog+unix:///etc/wardline/run/log",
            ]
        )
        #expect(listeners[2].extras.tokenFile == "/etc/wardline/token")
        #expect(listeners[2].extras.bodySizeMaxBytes == 1_048_576)
        #expect(listeners[3].extras.mode == 0o660)
        #expect(configuration.follow.map(\.path) == ["/var/log/gw/*.log", "/etc/wardline/logs/app.log"])
        #expect(configuration.follow.map(\.name) == ["gw", "follow:logs/app.log"])
        #expect(configuration.follow[0].wireProtocol == .jsonLines && configuration.follow[0].start == .end)
        #expect(
            configuration.follow[1].wireProtocol == .syslog && configuration.follow[1].start == .beginning
        )
    }

    @Test func `an HTTP listener may have TLS, and say who may connect`() throws {
        let configuration = try parse(
            "listen: [{protocol: jsonl, transport: http, bind: '127.0.0.1:1', allow: 10.44.0.0/16, "
                + "max_connections_per_peer: 4, tls: {cert: a.pem, key: /b.key}}]"
        ).resolved(against: "/etc/w")
        let listener = configuration.listeners[0]
        #expect(listener.carrier == .http && listener.limits.connectionsPerPeerMax == 4)
        #expect(listener.limits.allowed == .prefixes([IPPrefix("10.44.0.0/16")].compactMap { $0 }))
        #expect(listener.security?.certificatePath == "/etc/w/a.pem")
        #expect(listener.security?.keyPath == "/b.key")
    }

    @Test(arguments: [
        (
            text: "listen: [{protocol: gelf, transport: http, bind: '127.0.0.1:1'}]", place: "1:38",
            word: "udp or tcp"
        ),
        (
            text: "listen: [{protocol: jsonl, transport: unix, path: /x}]", place: "1:39",
            word: "jsonl does not come"
        ),
        (
            text: "listen: [{protocol: syslog, transport: unix, bind: '127.0.0.1:1'}]", place: "1:46",
            word: "path"
        ),
        (text: "listen: [{protocol: syslog, transport: unix}]", place: "1:10", word: "no 'path'"),
        (
            text: "listen: [{protocol: syslog, transport: udp, bind: '127.0.0.1:1', mode: '0600'}]",
            place: "1:66", word: "unix"
        ),
        (
            text: "listen: [{protocol: jsonl, transport: tcp, bind: '127.0.0.1:1', token_file: x}]",
            place: "1:65", word: "http"
        ),
        (
            text: "listen: [{protocol: syslog, transport: unix, path: /x, mode: '0888'}]", place: "1:62",
            word: "octal"
        ),
        (
            text: "listen: [{protocol: jsonl, transport: http, bind: '127.0.0.1:1', rate: 5/s}]",
            place: "1:72", word: "does not bound the transport http"
        ),
        (
            text: "listen: [{protocol: syslog, transport: udp, bind: '127.0.0.1:1', tls: {cert: a, key: b}}]",
            place: "1:71", word: "datagrams have no 'tls'"
        ),
        (
            text: "listen: [{protocol: jsonl, transport: http, bind: '127.0.0.1:1', max_body: 1}]",
            place: "1:76", word: "size"
        ),
        (text: "follow: [{name: a}]", place: "1:10", word: "no 'path'"),
        (text: "follow: [{path: a, form: end}]", place: "1:20", word: "from"),
        (text: "follow: [{path: a, from: middle}]", place: "1:26", word: "beginning, end"),
        (text: "follow: [{path: a, protocol: gelf}]", place: "1:30", word: "syslog, jsonl"),
        (text: "follow: [a, a]", place: "1:13", word: "name or the path"),
        (text: "follow: {path: a}", place: "1:9", word: "list"),
        (text: "follow: [logs/]", place: "1:10", word: "no file"),
    ])
    func `a fault has its place and says what is expected`(text: String, place: String, word: String) throws {
        let error = try #require(throws: SiteFilesError.self) { try parse(text) }
        #expect(error.description.hasPrefix("c.yaml:\(place): "), "\(error)")
        #expect(error.description.contains(word), "\(error)")
    }

    @Test func `one TCP port is not given to two, whatever they speak`() {
        #expect(throws: SiteFilesError.self) {
            try parse(
                "listen: [{protocol: syslog, transport: tcp, bind: '127.0.0.1:9'}, "
                    + "{protocol: jsonl, transport: http, bind: '127.0.0.1:9'}]"
            )
        }
    }

    @Test func `listeners can be given as addresses`() throws {
        let local = try ListenerDefinition(url: "syslog+unix:///run/x.sock")
        #expect(local.carrier == .unix && local.extras.path == "/run/x.sock")
        #expect(
            try ListenerDefinition(url: "jsonl+http://[::1]:8514").description == "jsonl+http://[::1]:8514"
        )
        #expect(throws: WardlineError.self) { try ListenerDefinition(url: "syslog+unix://relative") }
        #expect(throws: WardlineError.self) { try ListenerDefinition(url: "gelf+unix:///x") }
    }
}
