// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

@Suite struct JSONValueParsingTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" true ", .bool(true)), ("\tfalse\n", .bool(false)), ("0", .integer(0)),
        ("-7", .integer(-7)), ("9223372036854775807", .integer(.max)),
        ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .text("9223372036854775808")), ("1.50", .text("1.50")), ("1e3", .text("1e3")),
        ("-0", .text("-0")), ("-0.0E+1", .text("-0.0E+1")), ("\"\"", .text("")), ("[]", .array([])),
        ("{}", .object([])), ("[1, \"a\" ,null]", .array([.integer(1), .text("a"), .null])),
        (
            #"{"b":1,"a":{"b":[]}}"#,
            .object([.init("b", .integer(1)), .init("a", .object([.init("b", .array([]))]))])
        ),
        (#""\"\\\/\b\f\n\r\t\u00e9\u0000""#, .text("\"\\/\u{8}\u{c}\n\r\té\u{0}")),
        (#""\ud83d\ude00 \uD83D\uDE00 😀""#, .text("😀 😀 😀")),
        ("{\"é\":1,\"e\u{301}\":2}", .object([.init("é", .integer(1)), .init("e\u{301}", .integer(2))])),
    ])
    func `a value is parsed`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
        let bytes = Array(text.utf8)
        #expect(try JSONValue(parsing: bytes.span) == value)
    }

    @Test(arguments: [
        ("", JSONParsingError.truncated(position: 0)), ("  ", .truncated(position: 2)),
        ("{", .truncated(position: 1)),
        ("[1", .truncated(position: 2)), ("\"a", .truncated(position: 2)), ("tru", .truncated(position: 3)),
        ("-", .truncated(position: 1)), ("1.", .truncated(position: 2)), ("1e", .truncated(position: 2)),
        ("truth", .unexpected(position: 3)), ("01", .unexpected(position: 1)),
        ("+1", .unexpected(position: 0)),
        (".5", .unexpected(position: 0)), ("1.e1", .unexpected(position: 2)),
        ("[1,]", .unexpected(position: 3)),
        ("[,1]", .unexpected(position: 1)), ("{\"a\":1,}", .unexpected(position: 7)),
        ("{a:1}", .unexpected(position: 1)), ("{\"a\" 1}", .unexpected(position: 5)),
        ("1 2", .unexpected(position: 2)),
        ("\"\n\"", .unexpected(position: 1)), (#""\x""#, .unexpected(position: 2)),
        ("NaN", .unexpected(position: 0)),
        (#""\u12G4""#, .unexpected(position: 5)), (#""\ud83d""#, .badText(position: 0)),
        (#""\ud83dx""#, .badText(position: 0)), (#""\ude00""#, .badText(position: 0)),
        (#""\ud83d\u0041""#, .badText(position: 0)), (#"{"a":1,"a":2}"#, .duplicateName(position: 7)),
        (#"{"a":1,"\u0061":2}"#, .duplicateName(position: 7)), ("\u{FEFF}1", .unexpected(position: 0)),
        ("// c\n1", .unexpected(position: 0)), ("'a'", .unexpected(position: 0)),
    ])
    func `what is not JSON is refused with its position`(text: String, error: JSONParsingError) {
        #expect(throws: error) { try JSONValue(parsing: text) }
    }

    @Test(
        arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]]
    )
    func `a string that is not UTF-8 is refused`(bytes: [UInt8]) {
        #expect(throws: JSONParsingError.badText(position: 0)) { try JSONValue(parsing: bytes.span) }
    }

    @Test func `nesting is accepted to the limit and refused beyond`() throws {
        let limit = JSONValue.depthMax
        let deepest = String(repeating: "[", count: limit) + String(repeating: "]", count: limit)
        #expect(try JSONValue(parsing: deepest).line == deepest)
        #expect(throws: JSONParsingError.tooDeep(position: limit)) {
            try JSONValue(parsing: "[" + deepest + "]")
        }
        let hostile = String(repeating: "{\"a\":", count: 100_000)
        #expect(throws: JSONParsingError.self) { try JSONValue(parsing: hostile) }
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `what a value writes parses to the value`(seed: UInt64) throws {
        var state = seed
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        func value(_ depth: Int) -> JSONValue {
            switch random(depth > 4 ? 4 : 6) {
            case 0: .null
            case 1: .bool(random(2) == 0)
            case 2: .integer(Int64(bitPattern: state))
            case 3:
                .text(
                    String(
                        String.UnicodeScalarView(
                            (0..<random(9)).compactMap { _ in
                                Unicode.Scalar(UInt32(random(3) == 0 ? random(0x11_0000) : random(160)))
                            }
                        )
                    )
                )
            case 4: .array((0..<random(4)).map { _ in value(depth + 1) })
            default: .object((0..<random(4)).map { .init("m\($0)", value(depth + 1)) })
            }
        }
        let made = value(0)
        #expect(try JSONValue(parsing: made.line) == made)
    }

    @Test func `every cut of an object is refused`() {
        let whole = Array(#"{"fact":"x","n":[1,{"a":null}],"t":true}"#.utf8)
        for length in whole.indices {
            let part = Array(whole[..<length])
            #expect(throws: JSONParsingError.self) { try JSONValue(parsing: part.span) }
        }
    }
}
