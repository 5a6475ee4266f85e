// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

@testable import Normalization

/// CEF and LEEF as senders write them.
struct ProductMessageTests {
    /// The values of a message by key, as text.
    private func values(_ text: String) -> [String: String] {
        let bytes = Array(text.utf8)
        var values = BodyValues(slotCount: 0)
        _ = values.addProductMessage(bytes.span, 0..<bytes.count, NameTable())
        func string(_ value: BodyValues.Value) -> String {
            String(decoding: (value.isInWork ? values.work : bytes)[value.range], as: UTF8.self)
        }
        return Dictionary(values.leaves.map { (string($0.key), string($0.value)) }) { first, _ in first }
    }

    @Test(arguments: [
        (#"CORP\bob"#, #"CORP\bob"#), (#"CORP\\bob"#, #"CORP\bob"#), (#"a\=b"#, "a=b"), (#"a\|b"#, "a|b"),
        (#"a\nb\rc"#, "a\nb\rc"), (#"C:\Dir\\x\"#, #"C:\Dir\x\"#), (#"\"#, #"\"#), (#"a\\\=b"#, #"a\=b"#),
        (#"\d+\"x""#, #"\d+\"x""#), ("a b = c", "a b = c"),
    ])
    func `an extension loses the backslashes of its escapes and no others`(written: String, read: String) {
        #expect(values("CEF:0|v|p|1|2|n|3|act=x suser=\(written)")["suser"] == read)
        #expect(values("CEF:0|v|p|1|2|n|3|suser=\(written) act=x")["suser"] == read)
    }

    @Test func `the header knows two escapes`() {
        let found = values(#"CEF:0|v\|w|p\\q|1|C:\id|n\=m|3|a=b"#)
        #expect(found["cef.vendor"] == "v|w" && found["cef.product"] == #"p\q"#)
        #expect(found["cef.id"] == #"C:\id"# && found["cef.name"] == #"n\=m"# && found["a"] == "b")
    }

    @Test func `a bar at the end, quotes and labels are no part of a value`() {
        let found = values(#"CEF: 0|v|p|1|2|n|3|cs1Label=Rule Name cs1=deny all msg="x y" cn1= last=z |"#)
        #expect(found["Rule Name"] == "deny all" && found["msg"] == "x y" && found["last"] == "z")
    }

    @Test func `LEEF pairs are parted by what the header says, or by blanks`() {
        #expect(values("LEEF:2.0|v|p|1|2|^|a=b c^d=e")["a"] == "b c")
        #expect(values("LEEF:2.0|v|p|1|2|x09|a=b c\td=e")["d"] == "e")
        #expect(values("LEEF:1.0|v|p|1|2|src=10.0.0.1 usrName=a b")["usrName"] == "a b")
        // A relay wrote the tab out, another took the mark for a tag.
        #expect(values("1.0|v|p|1|2|src=10.0.0.1#011usrName=a#b")["usrName"] == "a#b")
        #expect(values("1.0|v|p|1|2|src=10.0.0.1#011usrName=a#b")["src"] == "10.0.0.1")
    }
}
