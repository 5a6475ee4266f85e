// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import NIOHTTP1
import WireFormats

/// Which requests are taken: `POST /ingest` with a body that can be read.
struct HTTPRules: Sendable {
    /// The one path.
    static let path = "/ingest"

    /// How to read a body.
    struct Task: Hashable, Sendable {
        var form: RequestBody.Form
        var coding: PayloadCoding
    }

    /// Why a request is not taken.
    struct Refusal: Error, Hashable {
        var answer: HTTPAnswer
    }

    /// What a body without a telling content type holds.
    let form: RequestBody.Form
    /// Bearer token that senders must give; nil if none.
    var token: [UInt8]?
    let bodySizeMaxBytes: Int

    /// Whether the request may send its body, and how that is read.
    func judge(_ head: HTTPRequestHead) -> Result<Task, Refusal> {
        let path = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).first ?? ""
        guard path == HTTPRules.path else {
            return .failure(Refusal(answer: .refused(404, "there is only \(HTTPRules.path)")))
        }
        guard head.method == .POST else {
            var answer = HTTPAnswer.refused(405, "only POST is taken")
            answer.fields = [("Allow", "POST")]
            return .failure(Refusal(answer: answer))
        }
        // A page in somebody's browser can send to loopback; browsers say where a request comes from.
        guard !head.headers.contains(name: "Origin") else {
            return .failure(Refusal(answer: .refused(403, "requests of web pages are not taken")))
        }
        guard isAllowed(head.headers["Authorization"]) else {
            var answer = HTTPAnswer.refused(401, "the bearer token is missing or wrong")
            answer.fields = [("WWW-Authenticate", "Bearer")]
            return .failure(Refusal(answer: answer))
        }
        guard let form = form(of: head.headers["Content-Type"]) else {
            let words = "application/x-ndjson, application/json or text/plain"
            return .failure(Refusal(answer: .refused(415, "the content type is none of \(words)")))
        }
        guard let coding = HTTPRules.coding(of: head.headers["Content-Encoding"]) else {
            return .failure(Refusal(answer: .refused(415, "the content encoding is none of gzip or deflate")))
        }
        if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }),
            length > bodySizeMaxBytes
        {
            return .failure(Refusal(answer: tooLarge))
        }
        return .success(Task(form: form, coding: coding))
    }

    var tooLarge: HTTPAnswer {
        .refused(413, "the body is larger than \(bodySizeMaxBytes) bytes; send less at once")
    }

    private func isAllowed(_ values: [String]) -> Bool {
        guard let token else { return true }
        guard values.count == 1, let value = values.first else { return false }
        let words = value.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return false }
        let given = Array(words[1].utf8)
        guard given.count == token.count else { return false }
        // Every byte is looked at, so that the time tells nothing about them.
        var difference: UInt8 = 0
        for index in token.indices { difference |= token[index] ^ given[index] }
        return difference == 0
    }

    private func form(of values: [String]) -> RequestBody.Form? {
        guard let value = values.first, values.count == 1 else { return values.isEmpty ? form : nil }
        let type = value.split(separator: ";", maxSplits: 1).first.map {
            $0.filter { $0 != " " }.lowercased()
        }
        switch type {
        case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines",
            "application/jsonlines", "application/json-lines", "application/x-json-stream",
            "application/json-seq":
            return .jsonLines
        case "application/json": return .jsonObjects
        case "text/plain", "application/syslog", "text/syslog": return .lines
        // What curl says when it is told nothing, and what says nothing.
        case "application/x-www-form-urlencoded", "application/octet-stream": return form
        default: return nil
        }
    }

    private static func coding(of values: [String]) -> PayloadCoding? {
        guard let value = values.first, values.count == 1 else { return values.isEmpty ? .plain : nil }
        switch value.filter({ $0 != " " }).lowercased() {
        case "identity", "": return .plain
        case "gzip", "x-gzip": return .gzip
        case "deflate": return .zlib
        default: return nil
        }
    }
}
