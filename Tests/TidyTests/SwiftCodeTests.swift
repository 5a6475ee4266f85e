// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Testing

struct SwiftCodeTests {
    @Test(arguments: [
        ("let a = 1 // try! here", "let a = 1             "),
        (#"let b = "print(" + c"#, #"let b = "      " + c"#),
        (#"let c = "\(f("x")) y" + d"#, #"let c = " (f(" "))  " + d"#),
        (##"let d = #"a"b"# + e"##, ##"let d = #"   "# + e"##),
        (##"let e = #"\#(f)\(g)"# + h"##, ##"let e = #"  (f)    "# + h"##),
        ("f(/* a /* b */ c */ 1)", "f(                  1)"),
        (#"let f = "\"" + g"#, #"let f = "  " + g"#),
    ])
    func `comments and literal text are blanked, code stays in its column`(_ source: String, _ code: String) {
        #expect(SwiftCode(source).lines == [code])
    }

    @Test func `a literal of several lines ends at its three quotes`() {
        let source = "let a = \"\"\"\n    a \"b\" {\n    \"\"\"\nlet b = 2"
        #expect(SwiftCode(source).lines == ["let a = \"\"\"", "           ", "    \"\"\"", "let b = 2"])
    }

    @Test func `comments are kept by line`() {
        #expect(
            SwiftCode("let a = 1\n/// Why.\nlet b = 2 // Because.").comments == [
                1: "/// Why.", 2: "// Because.",
            ]
        )
    }
}
