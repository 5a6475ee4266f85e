// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// What a request is answered with.
struct HTTPAnswer: Hashable, Sendable {
    /// Status, such as 200 or 413.
    var code: Int
    /// Body: one JSON object.
    var body: JSONValue
    /// Further header fields.
    var fields: [(name: String, value: String)] = []

    static func == (one: HTTPAnswer, other: HTTPAnswer) -> Bool {
        one.code == other.code && one.body == other.body
    }

    func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// All of the body is durable.
    static func taken(_ count: Int) -> HTTPAnswer {
        HTTPAnswer(code: 200, body: .object([.init("accepted", .integer(Int64(count)))]))
    }

    /// The body cannot be read; nothing of it was stored.
    static func unreadable(line: Int, _ reason: String) -> HTTPAnswer {
        HTTPAnswer(
            code: 400,
            body: .object([.init("error", .text(reason)), .init("line", .integer(Int64(line)))])
        )
    }

    /// Refused, with the reason and what to do.
    static func refused(_ code: Int, _ reason: String) -> HTTPAnswer {
        HTTPAnswer(code: code, body: .object([.init("error", .text(reason))]))
    }

    /// The same request can succeed later.
    static func later(_ code: Int, _ reason: String) -> HTTPAnswer {
        var answer = refused(code, reason)
        answer.fields = [("Retry-After", "\(retrySeconds)")]
        return answer
    }

    /// Time after which a sender that was held up should try again: a few group commits.
    static let retrySeconds = 1

    /// The reason as it stands in facts.
    var reason: String {
        let line = body["line"]?.integer.map { " line \($0):" } ?? ""
        return "HTTP \(code):\(line) \(body["error"]?.text ?? "")"
    }
}
