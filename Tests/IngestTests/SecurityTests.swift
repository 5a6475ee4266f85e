// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Certificates
import EventModel
import Ingest
import NIOSSL
import Pipeline
import Platform
import SiteFiles
import Testing
import WireFormats

/// Listeners with TLS, and senders with every kind of certificate.
@Suite(.serialized) struct SecurityTests {
    private static let day: Int64 = 86_400 * UTCTime.second

    private let store: StoreFixture
    private let authority: TestAuthority
    private let now = SystemWallClock().now()

    init() throws {
        store = try StoreFixture()
        authority = try SecurityTests.authority(now)
        let server = try issue("server.example.org", for: .server)
        _ = try store.write(Array(authority.issued.certificate.utf8), to: "ca.pem")
        _ = try store.write(Array(server.certificate.utf8), to: "server.pem")
        _ = try store.write(Array(server.key.utf8), to: "server.key")
    }

    private static func authority(_ now: UTCTime) throws -> TestAuthority {
        try TestAuthority(
            name: "Test CA",
            from: now.advanced(by: -30 * day),
            through: now.advanced(by: 30 * day)
        )
    }

    private func issue(
        _ name: String,
        for use: TestAuthority.Use = .client,
        from: Int64 = -1,
        through: Int64 = 1,
        by other: TestAuthority? = nil
    ) throws -> TestAuthority.Issued {
        try (other ?? authority).issue(
            name,
            for: use,
            from: now.advanced(by: from * SecurityTests.day),
            through: now.advanced(by: through * SecurityTests.day)
        )
    }

    private func listeners(
        _ client: TransportSecurity.Client = .required,
        carrier: ListenerDefinition.Carrier = .tls,
        _ change: (inout TransportSecurity) -> Void = { _ in }
    ) throws -> Listeners {
        var listener = ListenerDefinition(name: "secure", .syslog, carrier, host: "127.0.0.1", port: 0)
        var security = TransportSecurity(
            certificatePath: store.path + "/server.pem",
            keyPath: store.path + "/server.key"
        )
        security.client = client
        security.authorityPath = client == .none ? nil : store.path + "/ca.pem"
        change(&security)
        listener.security = security
        return try Listeners([listener], intake: store.engine.intake)
    }

    private func sender(_ issued: TestAuthority.Issued?) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        let roots = try NIOSSLCertificate.fromPEMBytes(Array(authority.issued.certificate.utf8))
        configuration.trustRoots = .certificates(roots)
        configuration.certificateVerification = .noHostnameVerification
        if let issued {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(issued.certificate.utf8))
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(issued.key.utf8), format: .pem)
            )
        }
        return configuration
    }

    /// Sends one line; waits for the end when it is refused.
    private func say(_ line: String, to listeners: Listeners, _ configuration: TLSConfiguration) throws {
        let connection = try TestConnection(to: listeners.status[0].address, security: configuration)
        connection.send(line)
        connection.close()
    }

    /// Waits until a listener has counted something.
    private func wait(_ listeners: Listeners, until holds: (ListenerStatus) -> Bool) {
        let pause = HandoverQueue<Never>(capacity: 1)
        for _ in 0..<2_000 where !holds(listeners.status[0]) { _ = pause.take(waitingNanoseconds: 5_000_000) }
    }

    private func faults(_ kind: RecordKind = .fault) throws -> [JSONValue] {
        try store.stored(kind).compactMap { try? JSONValue(parsing: $0.text) }
    }

    @Test(arguments: [ListenerDefinition.Carrier.tls, .relp])
    func `records of a verified sender carry its name`(carrier: ListenerDefinition.Carrier) throws {
        let listeners = try listeners(carrier: carrier)
        let isRelp = carrier == .relp
        let connection = try TestConnection(
            to: listeners.status[0].address,
            security: sender(issue("pump-7.example.org"))
        )
        if isRelp {
            connection.send("1 open 14 relp_version=0\n2 syslog 8 <13>text\n")
            #expect(connection.hear(through: "2 rsp 6 200 OK\n").hasPrefix("1 rsp "))
        } else {
            connection.send("8 <13>text")
            wait(listeners) { $0.received == 1 }
        }
        connection.close()
        listeners.stop()
        try store.engine.stop()
        let stored = try store.stored()
        #expect(stored.map(\.text) == ["<13>text"])
        #expect(stored.map(\.origin.identity) == ["pump-7.example.org"])
        #expect(stored.map(\.origin.transport) == [isRelp ? .relp : .tls])
        #expect(stored.first?.origin.peer == IPAddress("127.0.0.1"))
        #expect(try faults().isEmpty)
    }

    @Test(arguments: [
        ("none", "no client certificate"), ("expired", "client certificate expired"),
        ("early", "client certificate not yet valid"),
        ("stranger", "client certificate of an unknown authority"),
        ("server", "client certificate not made for clients, or unreadable"),
        ("name", "client certificate without an expected name"), ("old", "TLS version too low"),
        ("plain", "no TLS"), ("doubter", "peer refused the server certificate"),
    ])
    func `who is refused is a fact with the reason, counted, and nothing of it is kept`(
        who: String,
        reason: String
    ) throws {
        let listeners = try listeners { security in
            if who == "name" { security.names = ["pump-7.example.org"] }
        }
        var configuration = try sender(
            who == "none"
                ? nil
                : who == "expired"
                    ? issue("a.example.org", from: -3, through: -1)
                    : who == "early"
                        ? issue("a.example.org", from: 1, through: 3)
                        : who == "stranger"
                            ? issue("a.example.org", by: SecurityTests.authority(now))
                            : issue("a.example.org", for: who == "server" ? .server : .client)
        )
        if who == "old" {
            configuration.minimumTLSVersion = .tlsv1
            configuration.maximumTLSVersion = .tlsv11
        }
        if who == "doubter" { configuration.trustRoots = .certificates([]) }
        if who == "plain" {
            try? sendTCP([Array("<13>not encrypted at all\n".utf8)], to: listeners.status[0].address)
        } else {
            try? say("8 <13>text", to: listeners, configuration)
        }
        wait(listeners) { $0.refused == 1 && $0.connections == 0 }
        listeners.stop()
        let status = listeners.status[0]
        try store.engine.stop()
        #expect(status.faults == [reason: 1])
        #expect(status.refused == 1)
        let facts = try faults()
        #expect(facts.map { $0["reason"]?.text } == [reason])
        #expect(facts.first?["peer"]?.text == "127.0.0.1")
        #expect(facts.first?["listener"]?.text == "secure")
        #expect(facts.first?["count"]?.integer == 1)
        #expect(try store.stored().isEmpty)
    }

    @Test func `bodies of a verified sender carry its name, and who is refused is a fact`() throws {
        let listeners = try listeners(carrier: .http)
        let address = listeners.status[0].address
        let body =
            "POST /ingest HTTP/1.1\r\nHost: w\r\nContent-Type: text/plain\r\n"
            + "Content-Length: 8\r\n\r\n<13>text"
        let connection = try TestConnection(to: address, security: sender(issue("pump-7.example.org")))
        for _ in 0..<2 { connection.send(body) }
        #expect(connection.hear(through: "{\"accepted\":1}\n").hasPrefix("HTTP/1.1 200 OK"))
        wait(listeners) { $0.received == 2 }
        connection.close()
        let refused: [(TLSConfiguration?, String)] = [
            (try sender(nil), "no client certificate"),
            (try sender(issue("a.example.org", from: -3, through: -1)), "client certificate expired"),
            (nil, "no TLS"),
        ]
        for (index, (configuration, _)) in refused.enumerated() {
            if let connection = try? TestConnection(to: address, security: configuration) {
                connection.send(body)
                _ = connection.hearEnd()
            }
            wait(listeners) { $0.refused == index + 1 }
        }
        wait(listeners) { $0.connections == 0 }
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["<13>text", "<13>text"])
        #expect(try store.stored().map(\.origin.identity) == ["pump-7.example.org", "pump-7.example.org"])
        #expect(try store.stored().map(\.origin.transport) == [.http, .http])
        #expect(listeners.status[0].faults == Dictionary(uniqueKeysWithValues: refused.map { ($0.1, 1) }))
        let facts = try faults()
        #expect(Set(facts.compactMap { $0["reason"]?.text }) == Set(refused.map(\.1)))
        #expect(facts.allSatisfy { $0["peer"]?.text == "127.0.0.1" && $0["listener"]?.text == "secure" })
    }

    @Test func `records of a sender that is gone before its certificate is judged are kept`() throws {
        let listeners = try listeners()
        for number in 0..<20 {
            let connection = try TestConnection(
                to: listeners.status[0].address,
                security: sender(issue("pump-7.example.org"))
            )
            // Half of them say goodbye, half are just gone.
            connection.send("8 <13>te\(number + 10)")
            connection.leave(abruptly: number % 2 == 0)
        }
        wait(listeners) { $0.received == 20 }
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().count == 20)
        #expect(try store.stored().allSatisfy { $0.origin.identity == "pump-7.example.org" })
    }

    @Test func `where a certificate is optional, none is no name, and a bad one is refused`() throws {
        let listeners = try listeners(.optional)
        try say("8 <13>text", to: listeners, sender(nil))
        wait(listeners) { $0.received == 1 }
        try? say("7 <13>bad", to: listeners, sender(issue("a.example.org", from: -3, through: -1)))
        wait(listeners) { $0.refused == 1 }
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["<13>text"])
        #expect(try store.stored().map(\.origin.identity) == [""])
        #expect(listeners.status[0].faults == ["client certificate expired": 1])
    }

    @Test func `a listed fingerprint is enough, and the record carries it`() throws {
        let issued = try issue("a.example.org", by: SecurityTests.authority(now))
        let listeners = try listeners { security in
            security.mode = .fingerprint
            security.authorityPath = nil
            security.fingerprints = [issued.fingerprint]
        }
        try say("8 <13>text", to: listeners, sender(issued))
        wait(listeners) { $0.received == 1 }
        try? say("7 <13>bad", to: listeners, sender(issue("b.example.org")))
        wait(listeners) { $0.refused == 1 }
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.origin.identity) == [issued.fingerprint])
        #expect(listeners.status[0].faults == ["client certificate with an unlisted fingerprint": 1])
    }

    @Test func `a reload takes new authorities for new connections, and a bad file changes nothing`() throws {
        let listeners = try listeners()
        let later = try SecurityTests.authority(now)
        let configuration = try sender(issue("late.example.org", by: later))
        try? say("8 <13>soon", to: listeners, configuration)
        wait(listeners) { $0.refused == 1 }
        _ = try store.write(Array(later.issued.certificate.utf8), to: "ca.pem")
        var said: [String] = []
        listeners.reload { said.append($0) }
        #expect(said.isEmpty)
        try say("8 <13>late", to: listeners, configuration)
        wait(listeners) { $0.received == 1 }
        _ = try store.write(Array("broken".utf8), to: "ca.pem")
        listeners.reload { said.append($0) }
        #expect(said.count == 1 && said[0].contains("ca.pem") && said[0].contains("secure"))
        try say("9 <13>later", to: listeners, configuration)
        wait(listeners) { $0.received == 2 }
        listeners.stop()
        try store.engine.stop()
        #expect(try store.stored().map(\.text) == ["<13>late", "<13>later"])
    }

    @Test(arguments: ["server.pem", "server.key", "ca.pem"])
    func `a listener whose files cannot be used says so and does not open`(name: String) throws {
        _ = try store.write(Array("nothing".utf8), to: name)
        let error = try #require(throws: WardlineError.self) { try listeners() }
        #expect(error.code == .usage)
        #expect(error.location == "secure")
        #expect(error.description.contains(name))
        try store.engine.stop()
    }
}
