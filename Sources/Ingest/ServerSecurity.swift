// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Certificates
import EventModel
import NIOCore
import NIOSSL
import Platform
import SiteFiles
import Synchronization

/// The TLS side of one listener: its certificate, and whom it believes; read from files, again at a reload.
///
/// A reload that fails changes nothing. TLS itself is BoringSSL's; which client certificate is good is
/// decided by
/// `Certificates`, so that a refusal has a reason.
final class ServerSecurity: Sendable {
    /// Longest file that is read: an authority bundle of several hundred certificates.
    static let fileSizeMaxBytes = 4 * 1_048_576

    private struct Current: Sendable {
        var context: NIOSSLContext
        var policy: CertificatePolicy?
    }

    private let definition: TransportSecurity
    private let listener: String
    private let current: Mutex<Current>
    /// Judges one certificate after another; bounded by the connections of the listener, of which each waits
    /// for one judgement.
    private let bench: ThreadExecutor

    /// Reads the files.
    ///
    /// - Throws: `usage` when one cannot be read or used.
    init(_ definition: TransportSecurity, listener: String) throws(WardlineError) {
        self.definition = definition
        self.listener = listener
        current = Mutex(try ServerSecurity.read(definition, listener))
        do throws(StorageError) {
            bench = try ThreadExecutor("wl-tls")
        } catch {
            throw WardlineError(
                .internal,
                "The listener could not start its thread.",
                cause: error.description,
                location: listener
            )
        }
    }

    /// Reads the files again.
    func reload() throws(WardlineError) {
        let read = try ServerSecurity.read(definition, listener)
        current.withLock { $0 = read }
    }

    /// Reads the files as a start does, and forgets them.
    static func check(_ definition: TransportSecurity, listener: String) throws(WardlineError) {
        _ = try read(definition, listener)
    }

    /// What decrypts a new connection; says in `handshake` who the peer is, or why it is refused.
    func handler(_ handshake: PeerHandshake) -> NIOSSLServerHandler {
        let current = current.withLock { $0 }
        guard let policy = current.policy else { return NIOSSLServerHandler(context: current.context) }
        let bench = bench
        return NIOSSLServerHandler(context: current.context) { chain, promise in
            handshake.begin()
            Task(executorPreference: bench) {
                let encoded = chain.map { (try? $0.toDERBytes()) ?? [] }
                switch await policy.verdict(on: encoded, at: SystemWallClock().now()) {
                case .accepted(let identity):
                    handshake.accept(identity)
                    promise.succeed(.certificateVerified)
                case .refused(let reason, let detail):
                    handshake.refuse(IntakeFault(reason), detail)
                    promise.succeed(.failed)
                }
            }
        }
    }

    private static func read(
        _ definition: TransportSecurity,
        _ listener: String
    ) throws(WardlineError) -> Current {
        let chain = try bytes(definition.certificatePath, listener)
        let key = try bytes(definition.keyPath, listener)
        var policy: CertificatePolicy?
        if definition.client != .none {
            let authorities = try definition.authorityPath.map { path throws(WardlineError) in
                try bytes(path, listener)
            }
            do throws(CertificateError) {
                policy = try CertificatePolicy(
                    authorities: authorities,
                    names: definition.names,
                    fingerprints: definition.fingerprints
                )
            } catch {
                throw unusable(definition.authorityPath ?? "", listener, error.description)
            }
        }
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            )
            configuration.minimumTLSVersion = definition.versionMin == .tls13 ? .tlsv13 : .tlsv12
            switch definition.client {
            case .none: configuration.certificateVerification = .none
            case .optional: configuration.certificateVerification = .optionalVerification
            case .required: configuration.certificateVerification = .noHostnameVerification
            }
            // The policy decides; nothing is believed because the machine does.
            configuration.trustRoots = .certificates([])
            // A peer that does not say goodbye is not waited for.
            configuration.shutdownTimeout = .seconds(1)
            return Current(context: try NIOSSLContext(configuration: configuration), policy: policy)
        } catch {
            throw unusable("\(definition.certificatePath) and \(definition.keyPath)", listener, "\(error)")
        }
    }

    private static func bytes(_ path: String, _ listener: String) throws(WardlineError) -> [UInt8] {
        do throws(StorageError) {
            let file = try POSIXStorage().open(path, .read)
            return try file.read(at: 0, count: min(fileSizeMaxBytes, Int(try file.size())))
        } catch {
            throw unusable(path, listener, error.description)
        }
    }

    private static func unusable(_ path: String, _ listener: String, _ cause: String) -> WardlineError {
        WardlineError(
            .usage,
            "The listener cannot use \(path): give PEM files with a certificate, its key, and authorities.",
            cause: cause,
            location: listener
        )
    }
}

/// What is known of a peer before its first record: who it is, or why it is refused.
///
/// Written by the verification, read by the connection.
final class PeerHandshake: Sendable {
    /// Longest handshake, in seconds: several round trips over a slow line.
    static let secondsMax: Int64 = 10

    private struct State {
        var hasBegun = false
        var isJudged = false
        var identity = ""
        var fault: IntakeFault?
        var detail = ""
        var whenJudged: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    func begin() { state.withLock { $0.hasBegun = true } }

    func accept(_ identity: String) { judge { $0.identity = identity } }

    func refuse(_ fault: IntakeFault, _ detail: String) {
        judge { state in
            state.fault = fault
            state.detail = detail
        }
    }

    private func judge(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            state.isJudged = true
            let waiter = state.whenJudged
            state.whenJudged = nil
            return waiter
        }
        waiter?()
    }

    /// Calls `body` once the certificate is judged, or at once where none is being judged; on any thread.
    func whenJudged(_ body: @escaping @Sendable () -> Void) {
        let isWaiting = state.withLock { state in
            guard state.hasBegun, !state.isJudged else { return false }
            state.whenJudged = body
            return true
        }
        if !isWaiting { body() }
    }

    /// Whether a certificate was shown.
    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    /// Name or fingerprint of the verified certificate; empty if none was shown.
    var identity: String { state.withLock { $0.identity } }

    /// Why the certificate was refused; nil if it was not.
    var fault: IntakeFault? { state.withLock { $0.fault } }

    /// Which certificate was refused; nil if none was.
    var detail: String? { state.withLock { $0.fault == nil ? nil : $0.detail } }

    /// What an error of the handshake means, and its text.
    ///
    /// BoringSSL's reasons have names only in their text.
    static func fault(of error: any Error) -> (IntakeFault, String) {
        let text = "\(error)"
        let meanings: [(String, IntakeFault)] = [
            ("PEER_DID_NOT_RETURN_A_CERTIFICATE", .certificateMissing),
            ("UNSUPPORTED_PROTOCOL", .weakVersion), ("VERSION_TOO_LOW", .weakVersion),
            ("INAPPROPRIATE_FALLBACK", .weakVersion), ("ALERT_PROTOCOL_VERSION", .weakVersion),
            ("NO_SHARED_CIPHER", .noCommonCipher), ("NO_CIPHERS", .noCommonCipher),
            ("WRONG_VERSION_NUMBER", .notTLS), ("HTTP_REQUEST", .notTLS), ("HTTPS_PROXY_REQUEST", .notTLS),
            ("ALERT_UNKNOWN_CA", .serverRefused), ("ALERT_BAD_CERTIFICATE", .serverRefused),
            ("ALERT_CERTIFICATE_", .serverRefused),
        ]
        let fault = meanings.first { text.contains($0.0) }?.1 ?? .handshakeFailed
        return (fault, text)
    }
}

extension IntakeFault {
    init(_ reason: CertificateRefusal) {
        switch reason {
        case .expired: self = .certificateExpired
        case .notYetValid: self = .certificateNotYetValid
        case .untrusted: self = .certificateUntrusted
        case .nameUnknown: self = .certificateNameUnknown
        case .fingerprintUnknown: self = .certificateNotListed
        case .unfit: self = .certificateUnfit
        }
    }
}
