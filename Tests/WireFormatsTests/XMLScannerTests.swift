// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

struct XMLScannerTests {
    /// The parts of `text` in words.
    private func parts(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        func word(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        var scanner = XMLScanner()
        scanner.begin(0..<bytes.count)
        var found: [String] = []
        while true {
            switch scanner.next(bytes.span) {
            case .open(let name):
                let attributes = scanner.attributes.map { " \(word($0.name))=\(word($0.value))" }
                found.append("<\(word(name))\(attributes.joined())")
            case .close(let name): found.append("/\(word(name))")
            case .text(let range): found.append(word(range))
            case .literal(let range): found.append("!\(word(range))")
            case .end: return found + ["end"]
            case .fault(let fault): return found + ["\(fault)"]
            }
        }
    }

    @Test(arguments: [
        ("<a/>", ["<a", "/a", "end"]), ("<a>x</a>", ["<a", "x", "/a", "end"]),
        (
            "<?xml version='1.0'?><!-- a > b --><n:a k=\"1\" n:l='2'>x</n:a>",
            ["<a k=1 l=2", "x", "/a", "end"]
        ),
        ("<a><![CDATA[<b> & ]] >]]></a>", ["<a", "!<b> & ]] >", "/a", "end"]),
        ("\u{feff}junk<a>&amp;</a> junk", ["<a", "&amp;", "/a", "end"]),
        ("<a><b></a></b>", ["<a", "<b", "malformed"]), ("<a>", ["<a", "malformed"]),
        ("<a b=c/>", ["malformed"]), ("<a b=\"1\"c=\"2\"/>", ["malformed"]), ("<a b='<'/>", ["malformed"]),
        ("</a>", ["malformed"]), ("", ["malformed"]), ("<a><!-- x</a>", ["<a", "malformed"]),
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", ["documentType"]),
        ("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", ["documentType"]),
        ("<!ELEMENT a ANY><a/>", ["malformed"]), ("<1/>", ["malformed"]), ("< a/>", ["malformed"]),
    ])
    func `parts come one by one up to the end or a fault`(text: String, wanted: [String]) {
        #expect(parts(text) == wanted)
    }

    @Test(arguments: [(XMLScanner.depthMax, "end"), (XMLScanner.depthMax + 1, "bound")])
    func `elements nest up to a bound`(depth: Int, last: String) {
        let text = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        #expect(parts(text).last == last)
    }

    @Test(arguments: [(XMLScanner.attributeCountMax, "end"), (XMLScanner.attributeCountMax + 1, "bound")])
    func `an element has attributes up to a bound`(count: Int, last: String) {
        let attributes = (0..<count).map { " a\($0)=\"1\"" }.joined()
        #expect(parts("<a\(attributes)/>").last == last)
    }

    @Test(arguments: [(XMLScanner.sizeMaxBytes, "end"), (XMLScanner.sizeMaxBytes + 1, "bound")])
    func `a document has bytes up to a bound`(size: Int, last: String) {
        let text = "<a>" + String(repeating: "x", count: size - 7) + "</a>"
        #expect(parts(text).last == last)
    }

    @Test(arguments: [
        ("a &lt;&gt;&amp;&quot;&apos; b", "a <>&\"' b"), ("&#65;&#x42;&#x1F600;", "AB\u{1F600}"),
        ("&unknown; &; & &#xD800; &#x;", "&unknown; &; & &#xD800; &#x;"), ("&lt", "&lt"),
        ("&#99999999999;", "&#99999999999;"),
    ])
    func `references are resolved where they are known`(text: String, wanted: String) {
        let bytes = Array(text.utf8)
        var found: [UInt8] = []
        XMLText.append(bytes.span, 0..<bytes.count, to: &found)
        #expect(String(decoding: found, as: UTF8.self) == wanted)
    }
}
