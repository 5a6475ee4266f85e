// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing
import WireFormats

@Suite struct RequestBodyTests {
    private func cut(_ text: String, _ form: RequestBody.Form) throws -> [String] {
        let bytes = Array(text.utf8)
        return try RequestBody.records(bytes.span, form).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test(arguments: [
        (text: "<13>a\r\n\n<14>b", form: RequestBody.Form.lines, records: ["<13>a", "<14>b"]),
        (
            text: "{\"a\":1}\n\r\n  \n {\"b\":[2]} \r\n", form: .jsonLines,
            records: ["{\"a\":1}", " {\"b\":[2]} "]
        ),
        (text: "\u{1e}{\"a\":1}\n", form: .jsonLines, records: ["{\"a\":1}"]),
        (text: "", form: .jsonLines, records: []), (text: "", form: .jsonObjects, records: []),
        (
            text: "{\"a\":1}{\"b\":2}\n{\"c\":3}", form: .jsonObjects,
            records: ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]
        ),
        (
            text: "[ {\"a\":1},\n {\"b\":\"]\"} ]\n", form: .jsonObjects,
            records: ["{\"a\":1}", "{\"b\":\"]\"}"]
        ),
        (text: "[]", form: .jsonObjects, records: []),
        (text: "{\n \"a\" : 1\n}", form: .jsonObjects, records: ["{\n \"a\" : 1\n}"]),
        // Odd, not unreadable: flagged when they are decoded.
        (text: "{\"a\":1,\"a\":2}", form: .jsonLines, records: ["{\"a\":1,\"a\":2}"]),
        (text: "{\"a\":\"\\ud800\"}", form: .jsonLines, records: ["{\"a\":\"\\ud800\"}"]),
    ])
    func `a body is cut into its records`(text: String, form: RequestBody.Form, records: [String]) throws {
        #expect(try cut(text, form) == records)
    }

    @Test(arguments: [
        (text: "{\"a\":1}\n{\"b\":\n{\"c\":1}", form: RequestBody.Form.jsonLines, line: 2),
        (text: "{\"a\":1}\n\nnone\n", form: .jsonLines, line: 3), (text: "[1]", form: .jsonLines, line: 1),
        (text: "{\"a\":1} x", form: .jsonLines, line: 1),
        (text: "{\"a\":1}\n{\"b\":01}", form: .jsonLines, line: 2),
        (text: "{\"a\":1}\n[{\"b\":1}]", form: .jsonObjects, line: 2),
        (text: "[{\"a\":1}", form: .jsonObjects, line: 1),
        (text: "[{\"a\":1},\n2]", form: .jsonObjects, line: 2),
        (text: "[{\"a\":1}]\n x", form: .jsonObjects, line: 2),
        (text: "[{\"a\":1},]", form: .jsonObjects, line: 1),
        (text: "{\"a\":\"\u{1}\"}", form: .jsonLines, line: 1),
        (text: "{\"a\" 1}", form: .jsonLines, line: 1), (text: "{a:1}", form: .jsonLines, line: 1),
    ])
    func `a body that cannot be read is refused with its line`(
        text: String,
        form: RequestBody.Form,
        line: Int
    ) throws {
        let fault = try #require(throws: RequestBody.Fault.self) { try cut(text, form) }
        #expect(fault.line == line)
        #expect(!fault.reason.isEmpty)
    }

    @Test(arguments: [
        "1", "-0.5e+3", "\"x\\u00e9\\n\"", "true", "null", "[]", "{}", "[[],{},[1,{\"a\":[]}]]", "{\"\":{}}",
    ])
    func `a value ends where its grammar says`(text: String) throws {
        let bytes = Array((text + " ,").utf8)
        let end = try JSONTextScan.end(bytes.span, from: 0, below: bytes.count)
        #expect(end == text.utf8.count)
    }

    @Test func `a hundred thousand levels are no stack`() throws {
        let text = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let bytes = Array(text.utf8)
        let end = try JSONTextScan.end(bytes.span, from: 0, below: bytes.count)
        #expect(end == bytes.count)
    }

    @Test(arguments: [
        "[1 2]", "[,1]", "{\"a\":}", "{,}", "tru", "\"a", "\"\\x\"", "\"\\u12g4\"", "1.", ".5", "+1", "-",
        "[1}", "{\"a\"}", "",
    ])
    func `what is no value is refused`(text: String) {
        let bytes = Array(text.utf8)
        #expect(throws: JSONParsingError.self) {
            _ = try JSONTextScan.end(bytes.span, from: 0, below: bytes.count)
        }
    }
}
