// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Testing
import WireFormats

/// Senders with certificates, from `tls demo-ca` to the asset that a certificate is bound to.
@Suite(.serialized, .enabled(if: BuiltCommand.path != nil, "the command was not built"))
struct SecureSenderTests {
    private let folder: URL

    init() throws { folder = try RunningService.folder() }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private func makeCertificates(client: String = "pump-7.example.org") throws {
        let made = try BuiltCommand.run(["tls", "demo-ca", path("tls"), "--client", client])
        #expect(made.status == 0)
    }

    @Test(.enabled(if: SenderTests.has("openssl"), "openssl is not installed (.ci/install senders)"))
    func `openssl reads and believes what demo-ca writes`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try makeCertificates()
        let authority = path("tls/ca.pem")
        for (name, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
            let certificate = path("tls/\(name).pem")
            let verified = try runTool(
                "openssl",
                ["verify", "-CAfile", authority, "-purpose", purpose, certificate]
            )
            #expect(verified?.status == 0 && verified?.text == "\(certificate): OK\n")
            let held = try runTool("openssl", ["x509", "-in", certificate, "-noout", "-pubkey"])
            let owned = try runTool("openssl", ["pkey", "-in", path("tls/\(name).key"), "-pubout"])
            #expect(held?.text == owned?.text && held?.text.hasPrefix("-----BEGIN PUBLIC KEY") == true)
        }
        let names = ["x509", "-in", path("tls/server.pem"), "-noout", "-ext", "subjectAltName"]
        #expect(try runTool("openssl", names)?.text.contains("DNS:localhost, IP Address:127.0.0.1") == true)
        // A certificate of one purpose, or of nobody, must not pass for the other.
        let client = path("tls/client.pem")
        for arguments in [["-CAfile", authority, "-purpose", "sslserver"], ["-CAfile", client]] {
            #expect(try runTool("openssl", ["verify"] + arguments + [client])?.status != 0)
        }
    }

    /// A service that takes syslog in TLS and HTTP in TLS, where `assets.csv` binds a certificate.
    private func service() throws -> RunningService? {
        try FileManager.default.createDirectory(
            atPath: path("site"),
            withIntermediateDirectories: true
        )
        let assets = """
            asset_id,manufacturer,model,device_type,certificate
            PUMP-7,Example,P1,infusion pump,pump-7.example.org
            PUMP-8,Example,P1,infusion pump,pump-8.example.org

            """
        try Data(assets.utf8).write(to: URL(fileURLWithPath: path("site/assets.csv")))
        let security = "{cert: tls/server.pem, key: tls/server.key, client: required, client_ca: tls/ca.pem}"
        let configuration = """
            data: store
            site: site
            listen:
              - {name: log, protocol: syslog, transport: tls, bind: '127.0.0.1:0', tls: \(security)}
              - {name: web, protocol: jsonl, transport: http, bind: '127.0.0.1:0', tls: \(security)}

            """
        return try RunningService(configuration, in: folder)
    }

    private func offsets(_ query: String, _ store: String) throws -> [Int64] {
        let found = try BuiltCommand.run(["query", "--store", store, "-o", "jsonl", query])
        return try found.text.split(separator: "\n").compactMap {
            try JSONValue(parsing: String($0))["offset"]?.integer
        }
    }

    @Test(
        .enabled(
            if: SenderTests.has("curl") && SenderTests.has("openssl"),
            "curl or openssl is not installed (.ci/install senders)"
        )
    )
    func `what a sender with a certificate says is its asset's`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try makeCertificates()
        let service = try #require(try service())
        let client = ["--cert", path("tls/client.pem"), "--key", path("tls/client.key")]
        let url = "https://\(service.addresses["web"] ?? "")/ingest"
        let trust = ["-sS", "--cacert", path("tls/ca.pem"), "-H", "Content-Type: application/x-ndjson"]
        let body = ["--data-binary", "{\"message\":\"by curl\"}"]
        let accepted = try runTool("curl", trust + client + body + [url])
        #expect(accepted?.text == "{\"accepted\":1}\n")
        // Without a certificate, and without TLS, nothing is taken.
        #expect(try runTool("curl", trust + body + [url])?.status != 0)
        let plain = url.replacing("https:", with: "http:")
        #expect(try runTool("curl", trust + body + [plain])?.status != 0)
        let line = Data("<38>sshd[9]: Accepted password for m.weber from 10.44.3.9 port 50022 ssh2\n".utf8)
        let said = try runTool(
            "openssl",
            [
                "s_client", "-quiet", "-no_ign_eof", "-connect", service.addresses["log"] ?? "",
                "-CAfile", path("tls/ca.pem"), "-cert", path("tls/client.pem"),
                "-key", path("tls/client.key"),
            ],
            input: line
        )
        #expect(said?.status == 0)
        #expect(service.stop() == 0)
        #expect(try storedTexts(service.storePath).count == 2)
        // Neither record names a host; the certificate does, and only for its own asset.
        #expect(try offsets("asset:PUMP-7", service.storePath).count == 2)
        #expect(try offsets("asset:PUMP-8", service.storePath).isEmpty)
        let devices = try BuiltCommand.run(["devices", "--store", service.storePath, "-o", "jsonl"])
        let counts = try devices.text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(counts.count == 2)
        #expect(counts.first { $0["device"]?.text == "PUMP-7" }?["records"]?.integer == 2)
        let reasons = try storedTexts(service.storePath, kind: .fault).compactMap {
            try JSONValue(parsing: $0)["reason"]?.text
        }
        #expect(reasons.sorted() == ["no TLS", "no client certificate"])
    }
}
