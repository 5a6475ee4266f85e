// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// Texts that are JSON (`y`), are not (`n`), or may be taken either way (`i`), a line each: class, name,
/// text.
///
/// One for each class of texts that public test suites of JSON parsers tell apart, in words of our own. `¤`
/// and
/// two hexadecimal digits stand for a byte, `¤¤` for nothing.
enum JSONCases {
    struct Case: Sendable, CustomStringConvertible {
        var kind: Character
        var name: String
        var bytes: [UInt8]

        var description: String { "\(kind) \(name)" }
    }

    /// All cases, with those that are too long to be written down.
    static let all: [Case] =
        written + [
            Case(
                kind: "n",
                name: "structure many opening arrays",
                bytes: Array(repeating: 0x5b, count: 100_000)
            ),
            Case(
                kind: "n",
                name: "structure opening arrays and objects",
                bytes: Array(String(repeating: #"[{"":"#, count: 50_000).utf8)
            ),
            Case(
                kind: "i",
                name: "structure nested arrays",
                bytes: Array((String(repeating: "[", count: 500) + String(repeating: "]", count: 500)).utf8)
            ),
        ]

    private static let written: [Case] = text.split(separator: "\n").map { line in
        let parts = line.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
        return Case(kind: parts[0].first ?? "?", name: String(parts[1]), bytes: bytes(parts[2]))
    }

    private static func bytes(_ text: Substring) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text
        while let character = rest.popFirst() {
            guard character == "¤" else {
                result += Array(String(character).utf8)
                continue
            }
            let digits = rest.prefix(2)
            if rest.first == "¤" {
                rest.removeFirst()
            } else {
                result.append(UInt8(digits, radix: 16) ?? 0)
                rest.removeFirst(2)
            }
        }
        return result
    }

    private static let text = #"""
        y|array arrays with spaces|[[]   ]
        y|array empty string|[""]
        y|array empty|[]
        y|array ending with newline|["ward"]¤0a
        y|array false|[false]
        y|array heterogeneous|[null, 4, "bed", {}]
        y|array null|[null]
        y|array with one and newline|[7¤0a]
        y|array with leading space| [7]
        y|array with several nulls|[7,null,null,null,8]
        y|array with trailing space|[9] ¤¤
        y|number|[123e65]
        y|number zero exponent plus one|[0e+1]
        y|number zero exponent one|[0e1]
        y|number after space|[ 6]
        y|number double close to zero|[-0.0000000000000000000000000000000000000000000000000000001]
        y|number integer with exponent|[20e1]
        y|number minus zero|[-0]
        y|number negative integer|[-321]
        y|number negative one|[-1]
        y|number negative zero|[-0, 1]
        y|number real capital exponent|[1E22]
        y|number real capital exponent negative|[1E-2]
        y|number real capital exponent positive|[1E+2]
        y|number real exponent|[321e45]
        y|number real fraction exponent|[321.456e78]
        y|number real negative exponent|[1e-2]
        y|number real positive exponent|[1e+2]
        y|number simple integer|[321]
        y|number simple real|[321.456789]
        y|object|{"pump":"sdf", "bed":"fds"}
        y|object basic|{"pump":"sdf"}
        y|object doubled key|{"a":"b","a":"c"}
        y|object doubled key and value|{"a":"b","a":"b"}
        y|object empty|{}
        y|object empty key|{"":0}
        y|object escaped null in key|{"pu\u0000mp": 42}
        y|object extreme numbers|{ "min": -1.0e+28, "max": 1.0e+28 }
        y|object long strings|{"x":[{"id": "aaaaaaaaaaaaaaaaaaaaaaaa"}], "id": "aaaaaaaaaaaaaaaaaaaaaaaaaa"}
        y|object simple|{"a":[]}
        y|object string escaped unicode|{"title":"\u041f\u043e\u043b\u0442\u043e\u0440\u0430"}
        y|object with newlines|{¤0a"a": "b"¤0a}
        y|string one to three byte sequences|["\u0060\u012a\u12AB"]
        y|string accepted surrogate pair|["\uD801\udc37"]
        y|string accepted surrogate pairs|["\ud83d\ude39\ud83d\udc8d"]
        y|string allowed escapes|["\"\\\/\b\f\n\r\t"]
        y|string backslash and escaped zero|["\\u0000"]
        y|string backslash doublequotes|["\""]
        y|string comments|["a/*b*/c/*d//e"]
        y|string double escape a|["\\a"]
        y|string double escape n|["\\n"]
        y|string escaped control character|["\u0012"]
        y|string escaped noncharacter|["\uFFFF"]
        y|string in array|["asd"]
        y|string in array with leading space|[ "asd"]
        y|string last surrogates|["\uDBFF\uDFFF"]
        y|string no-break space|["new\u00A0line"]
        y|string noncharacter of a high plane|["¤f4¤8f¤bf¤bf"]
        y|string noncharacter of the basic plane|["¤ef¤bf¤bf"]
        y|string null escape|["\u0000"]
        y|string one byte in two|["\u002c"]
        y|string greek letter|["¤cf¤80"]
        y|string reserved character|["¤f0¤9b¤bf¤bf"]
        y|string simple|["asd "]
        y|string space|" "
        y|string surrogates of a clef|["\uD834\uDd1e"]
        y|string three byte escape|["\u0821"]
        y|string two byte escape|["\u0123"]
        y|string line separator|["¤e2¤80¤a8"]
        y|string paragraph separator|["¤e2¤80¤a9"]
        y|string unescaped delete|["a¤7fa"]
        y|string unicode escape|["\uA66D"]
        y|string escaped backslash|["\u005C"]
        y|string unicode two|["¤e2¤8d¤82¤e3¤88¤b4¤e2¤8d¤82"]
        y|string noncharacter ten fffe|["\uD83F\uDFFE"]
        y|string noncharacter one fffe|["\uDBFF\uDFFE"]
        y|string zero width space|["\u200B"]
        y|string invisible plus|["\u2064"]
        y|string noncharacter fdd0|["\uFDD0"]
        y|string noncharacter fffe|["\uFFFE"]
        y|string escaped double quote|["\u0022"]
        y|string utf-8|["¤e2¤82¤ac¤f0¤9d¤84¤9e"]
        y|string with delete|["a¤7fb"]
        y|structure lonely false|false
        y|structure lonely integer|42
        y|structure lonely negative real|-0.1
        y|structure lonely null|null
        y|structure lonely string|"asd"
        y|structure lonely true|true
        y|structure string empty|""
        y|structure trailing newline|["a"]¤0a
        y|structure true in array|[true]
        y|structure white space array| [] ¤¤
        y|string u+2028 escaped|["\u2028"]
        y|number real with zero fraction|[1.0]
        n|array one true without comma|[1 true]
        n|array invalid utf-8|[a¤e5]
        n|array colon instead of comma|["": 1]
        n|array comma after close|[""],
        n|array comma and number|[,1]
        n|array double comma|[1,,2]
        n|array double extra comma|["x",,]
        n|array extra close|["x"]]
        n|array extra comma|["",]
        n|array incomplete|["x"
        n|array incomplete invalid value|[x
        n|array inner array no comma|[3[4]]
        n|array invalid bytes|[¤ff]
        n|array items separated by semicolon|[1:2]
        n|array just comma|[,]
        n|array just minus|[-]
        n|array missing value|[   , ""]
        n|array newlines unclosed|["a",¤0a4¤0a,1,
        n|array number and comma|[1,]
        n|array number and several commas|[1,,]
        n|array spaces vertical tab formfeed|["¤0ba"\f]
        n|array star inside|[*]
        n|array unclosed|[""
        n|array unclosed trailing comma|[1,
        n|array unclosed with newlines|[1,¤0a1¤0a,1
        n|array unclosed with object inside|[{}
        n|incomplete false|[fals]
        n|incomplete null|[nul]
        n|incomplete true|[tru]
        n|multidigit number then zero byte|123¤00
        n|number plus plus|[++1234]
        n|number plus one|[+1]
        n|number plus infinity|[+Inf]
        n|number minus leading zeros|[-01]
        n|number minus one dot|[-1.0.]
        n|number minus two dot|[-2.]
        n|number minus not a number|[-NaN]
        n|number dot minus one|[.-1]
        n|number dot two exponent|[.2e-3]
        n|number zero dot one two dot three|[0.1.2]
        n|number zero dot three exponent|[0.3e]
        n|number zero dot three exponent plus|[0.3e+]
        n|number zero dot exponent|[0.e1]
        n|number zero capital exponent|[0E]
        n|number zero capital exponent plus|[0E+]
        n|number zero exponent|[0e]
        n|number zero exponent plus|[0e+]
        n|number one exponent minus|[1.0e-]
        n|number one exponent plus|[1.0e+]
        n|number one exponent|[1.0e]
        n|number one thousand with blank|[1 000.0]
        n|number one capital exponent twice|[1eE2]
        n|number two dot exponent minus|[2.e-3]
        n|number two dot exponent plus|[2.e+3]
        n|number two dot exponent|[2.e3]
        n|number nine dot exponent|[9.e+]
        n|number infinity word|[Inf]
        n|number not a number|[NaN]
        n|number fullwidth digit|[¤ef¤bc¤91]
        n|number expression|[1+2]
        n|number hexadecimal one digit|[0x1]
        n|number hexadecimal two digits|[0x42]
        n|number infinity|[Infinity]
        n|number invalid sign|[0e+-1]
        n|number invalid negative real|[-123.123foo]
        n|number invalid utf-8 in big integer|[123¤e5]
        n|number invalid utf-8 in exponent|[1e1¤e5]
        n|number invalid utf-8 in integer|[0¤e5]
        n|number minus infinity|[-Infinity]
        n|number minus sign with trailing garbage|[-foo]
        n|number minus space one|[- 1]
        n|number negative integer starting with zero|[-012]
        n|number negative real without integer|[-.123]
        n|number negative with garbage at end|[-1x]
        n|number real garbage after exponent|[1ea]
        n|number real invalid utf-8 after exponent|[1e¤e5]
        n|number real without fraction|[1.]
        n|number starting with dot|[.123]
        n|number with alpha|[1.2a-3]
        n|number with alpha character|[1.8011670033376514H-308]
        n|number with leading zero|[012]
        n|object bad value|["x", truth]
        n|object bracket key|{[: "x"}
        n|object comma instead of colon|{"x", null}
        n|object double colon|{"x"::"b"}
        n|object emoji as key|{¤f0¤9f¤87¤a8}
        n|object garbage at end|{"a":"a" 123}
        n|object key with single quotes|{key: 'value'}
        n|object lone continuation byte in key and comma|{"¤b9":"0",}
        n|object missing colon|{"a" b}
        n|object missing key|{:"b"}
        n|object missing semicolon|{"a" "b"}
        n|object missing value|{"a":
        n|object no colon|{"a"
        n|object non string key|{1:1}
        n|object non string key huge|{9999E9999:1}
        n|object repeated null null|{null:null,null:null}
        n|object several trailing commas|{"id":0,,,,,}
        n|object single quote|{'a':0}
        n|object trailing comma|{"id":0,}
        n|object trailing comment|{"a":"b"}/**/
        n|object trailing comment open|{"a":"b"}/**//
        n|object trailing comment slash|{"a":"b"}//
        n|object trailing comment slash open|{"a":"b"}/
        n|object two commas in a row|{"a":"b",,"c":"d"}
        n|object unquoted key|{a: "b"}
        n|object unterminated value|{"a":"a
        n|object with single string|{ "foo" : "bar", "a" }
        n|object with trailing garbage|{"a":"b"}#
        n|single space| ¤¤
        n|string one surrogate then escape|["\uD800\"]
        n|string one surrogate then u|["\uD800\u"]
        n|string one surrogate then one digit|["\uD800\u1"]
        n|string one surrogate then x|["\uD800\u1x"]
        n|string accentuated without quotes|[¤c3¤a9]
        n|string backslash zero byte|["\¤00"]
        n|string escape x|["\x00"]
        n|string escaped backslash bad|["\\\"]
        n|string escaped control tab|["\¤09"]
        n|string escaped emoji|["\¤f0¤9f¤8c¤80"]
        n|string incomplete escape|["\"]
        n|string incomplete escaped character|["\u00A"]
        n|string incomplete surrogate|["\uD834\uDd"]
        n|string incomplete surrogate escape invalid|["\uD800\uD800\x"]
        n|string invalid utf-8 in escape|["\u¤e5"]
        n|string invalid backslash escape|["\a"]
        n|string invalid unicode escape|["\uqqqq"]
        n|string invalid utf-8 after escape|["\¤e5"]
        n|string leading escaped thin space|[\u0020"asd"]
        n|string no quotes with bad escape|[\n]
        n|string single doublequote|"
        n|string single quote|['single quote']
        n|string single string no double quotes|abc
        n|string start escape unclosed|["\
        n|string unescaped control character|["a¤00a"]
        n|string unescaped newline|["new¤0aline"]
        n|string unescaped tab|["¤09"]
        n|string unicode capital u|"\UA66D"
        n|string with trailing garbage|""x
        n|structure angle bracket dot|<.>
        n|structure angle bracket null|[<null>]
        n|structure array trailing garbage|[1]x
        n|structure array with extra close|[1]]
        n|structure array with unclosed string|["asd]
        n|structure byte order mark without content|¤ef¤bb¤bf
        n|structure ascii unicode identifier|a¤c3¤a5
        n|structure capitalised true|[True]
        n|structure close unopened array|1]
        n|structure comma instead of closing brace|{"x": true,
        n|structure double array|[][]
        n|structure end array|]
        n|structure incomplete byte order mark|¤ef¤bb{}
        n|structure lone invalid utf-8|¤e5
        n|structure lone open bracket|[
        n|structure no data|¤¤
        n|structure null byte outside string|[¤00]
        n|structure number with trailing garbage|2@
        n|structure object followed by closing object|{}}
        n|structure object unclosed no value|{"":
        n|structure object with comment|{"a":/*comment*/"b"}
        n|structure object with trailing garbage|{"a": true} "x"
        n|structure open array apostrophe|['
        n|structure open array comma|[,
        n|structure open array open object|[{
        n|structure open array open string|["a
        n|structure open array string|["a"
        n|structure open object|{
        n|structure open object close array|{]
        n|structure open object comma|{,
        n|structure open object open array|{[
        n|structure open object open string|{"a
        n|structure open object string with apostrophes|{'a'
        n|structure open open|["\{["\{["\{["\{
        n|structure single eacute|¤e9
        n|structure single star|*
        n|structure trailing hash|{"a":"b"}#{}
        n|structure escaped line feed as blank|[\u000A""]
        n|structure unclosed array|[1
        n|structure unclosed array partial null|[ false, nul
        n|structure unclosed array unfinished false|[ true, fals
        n|structure unclosed array unfinished true|[ false, tru
        n|structure unclosed object|{"asd":"asd"
        n|structure unicode identifier|¤c3¤a5
        n|structure word joiner|¤e2¤81¤a0
        n|structure byte order mark alone in array|[¤ef¤bb¤bf]
        n|structure white space formfeed|[¤0c]
        i|number double huge negative exponent|[123.456e-789]
        i|number huge exponent|[0.4e006699999999999999999999999999999999999999999999999969]
        i|number negative integer huge exponent|[-1e+9999]
        i|number positive double huge exponent|[1.5e+9999]
        i|number real negative overflow|[-123123e100000]
        i|number real positive overflow|[123123e100000]
        i|number real underflow|[123e-10000000]
        i|number too big negative integer|[-123123123123123123123123123123]
        i|number too big positive integer|[100000000000000000000]
        i|number very big negative integer|[-237462374673276894279832749832423479823246327846]
        i|object key lone second surrogate|{"\uDFAA":0}
        i|string first surrogate but second missing|["\uDADA"]
        i|string first valid surrogate second invalid|["\uD888\u1234"]
        i|string incomplete surrogate and escape valid|["\uD800\n"]
        i|string incomplete surrogate pair|["\uDd1ea"]
        i|string incomplete surrogates escape valid|["\uD800\uD800\n"]
        i|string invalid lonely surrogate|["\ud800"]
        i|string invalid surrogate|["\ud800abc"]
        i|string invalid utf-8|["¤ff"]
        i|string inverted surrogates|["\uDd1e\uD834"]
        i|string iso latin|["¤e9"]
        i|string lone second surrogate|["\uDFAA"]
        i|string lone utf-8 continuation byte|["¤81"]
        i|string not in unicode range|["¤f4¤bf¤bf¤bf"]
        i|string overlong sequence of two bytes|["¤c0¤af"]
        i|string overlong sequence of six bytes|["¤fc¤83¤bf¤bf¤bf¤bf"]
        i|string overlong sequence of six nulls|["¤fc¤80¤80¤80¤80¤80"]
        i|string truncated utf-8|["¤e0¤ff"]
        i|string utf-16 with byte order mark|¤ff¤fe[¤00"¤00¤e9¤00"¤00]¤00
        i|string utf-16 little endian without mark|[¤00"¤00¤e9¤00"¤00]¤00
        i|string utf-16 big endian without mark|¤00[¤00"¤00¤e9¤00"¤00]
        i|string utf-8 surrogate|["¤ed¤a0¤80"]
        i|structure byte order mark and empty object|¤ef¤bb¤bf{}
        i|string lone surrogate in key and value|{"\ud800":"\udc00"}
        """#
}
