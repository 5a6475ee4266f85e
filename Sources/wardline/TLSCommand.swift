// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import ArgumentParser
import Certificates
import EventModel
import Platform

/// `wardline tls`: certificates for tests.
struct TLSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls",
        abstract: "Make certificates for trying TLS.",
        subcommands: [DemoAuthorityCommand.self]
    )
}

/// `wardline tls demo-ca DIR`: an authority with a server's and a client's certificate.
struct DemoAuthorityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-ca",
        abstract: "Make a test authority, a server's and a client's certificate in DIR.",
        discussion: """
            Writes ca.pem, ca.key, server.pem, server.key, client.pem and client.key, and prints the \
            client's fingerprint and a listener that uses them. Existing files are never replaced. The \
            authority's key lies beside its certificate: nothing outside of a test should believe it.
            """
    )

    /// Longest life of the certificates, in days.
    static let dayCountMax = 3_650

    @Argument(help: ArgumentHelp("Folder; made if it is not there.", valueName: "DIR"))
    var folder: String

    @Option(
        help: ArgumentHelp("Name of the server's certificate, beside 127.0.0.1 and ::1.", valueName: "NAME")
    )
    var server = "localhost"

    @Option(help: ArgumentHelp("Name of the client's certificate.", valueName: "NAME"))
    var client = "client.example.org"

    @Option(help: ArgumentHelp("Days until the certificates expire.", valueName: "N"))
    var days = 365

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...DemoAuthorityCommand.dayCountMax).contains(days) else {
            throw ValidationError("--days is a number from 1 to \(DemoAuthorityCommand.dayCountMax).")
        }
        for name in [server, client] {
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw ValidationError("A certificate's name is printable ASCII without blanks.")
            }
        }
    }

    func run() throws {
        let context = try CommandContext(common)
        // A clock that is a little behind must not find them not valid yet.
        let from = context.now.advanced(by: -3_600 * UTCTime.second)
        let through = context.now.advanced(by: Int64(days) * 86_400 * UTCTime.second)
        let files: [(name: String, text: String)]
        let fingerprint: String
        do throws(CertificateError) {
            let authority = try TestAuthority(name: "Wardline test authority", from: from, through: through)
            let server = try authority.issue(
                server,
                for: .server,
                addresses: [IPAddress("127.0.0.1"), IPAddress("::1")].compactMap { $0 },
                from: from,
                through: through
            )
            let client = try authority.issue(client, for: .client, from: from, through: through)
            files = [
                ("ca.pem", authority.issued.certificate), ("ca.key", authority.issued.key),
                ("server.pem", server.certificate), ("server.key", server.key),
                ("client.pem", client.certificate), ("client.key", client.key),
            ]
            fingerprint = client.fingerprint
        } catch {
            throw WardlineError(.internal, "The certificates cannot be made.", cause: error.description)
        }
        try write(files)
        if !common.quiet { context.output.lines(summary(fingerprint)) }
        context.output.finish()
    }

    private func write(_ files: [(name: String, text: String)]) throws(WardlineError) {
        let storage = POSIXStorage()
        do throws(StorageError) {
            try storage.makeDirectories(folder)
            for file in files {
                let path = folder + "/" + file.name
                let opened = try storage.open(path, .create)
                if file.name.hasSuffix(".key") { try restrictToOwner(path) }
                try opened.write(Array(file.text.utf8).span, at: 0)
                try opened.synchronise()
            }
        } catch {
            throw WardlineError(
                .usage,
                "The files cannot be written; choose a folder without such files.",
                cause: error.description,
                location: folder
            )
        }
    }

    private func summary(_ fingerprint: String) -> [String] {
        let folder = TerminalText.escaped(folder)
        return [
            "client \(TerminalText.escaped(client)) \(fingerprint)",
            "",
            "listen:",
            "  - name: secure",
            "    protocol: syslog",
            "    transport: tls",
            "    bind: \"127.0.0.1:6514\"",
            "    tls:",
            "      cert: \(folder)/server.pem",
            "      key: \(folder)/server.key",
            "      client: required",
            "      client_ca: \(folder)/ca.pem",
        ]
    }
}
