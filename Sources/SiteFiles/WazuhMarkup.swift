// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The XML of Wazuh 4 rule files, as that program reads it: several roots, bare `&` and `<` written as `\<`.
///
/// Elements, attributes and text only. What follows an end tag is never part of a value here.
struct WazuhMarkup {
    /// An element with what lies in it.
    struct Element {
        var name: String
        var attributes: [String: String] = [:]
        /// Its own text, without that of elements in it.
        var text = ""
        var children: [Element] = []
        /// Line on which it starts, from 1.
        var line = 1

        /// The texts of the children of that name, in order.
        func texts(_ name: String) -> [String] { children.filter { $0.name == name }.map(\.text) }
    }

    /// Why a file cannot be read.
    struct Fault: Error {
        var line: Int
        var what: String
    }

    /// Deepest nesting: rules need three levels.
    static let depthMax = 16

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1

    /// Reads the elements at the top of a file, up to a fault: what is whole before it counts.
    static func elements(in bytes: [UInt8]) -> (elements: [Element], fault: Fault?) {
        var reader = WazuhMarkup(bytes: bytes)
        var root = Element(name: "")
        do throws(Fault) {
            try reader.read(into: &root, depth: 0)
            return (root.children, nil)
        } catch {
            return (root.children, error)
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func read(into parent: inout Element, depth: Int) throws(Fault) {
        guard depth < WazuhMarkup.depthMax else { throw fault("elements nest too deeply") }
        var text: [UInt8] = []
        while index < bytes.count {
            if starts("<!--") {
                try skip(past: "-->")
            } else if starts("<?") {
                try skip(past: "?>")
            } else if starts("</") {
                let name = try endTag()
                guard name == parent.name else { throw fault("`</\(name)>` ends nothing that is open") }
                parent.text = WazuhMarkup.plain(text)
                return
            } else if bytes[index] == 0x5c, index + 1 < bytes.count, bytes[index + 1] == 0x3c {
                text.append(0x3c)
                index += 2
            } else if bytes[index] == 0x5c, index + 1 < bytes.count, bytes[index + 1] == 0x5c {
                // Such a pair says nothing of what follows.
                text += [0x5c, 0x5c]
                index += 2
            } else if bytes[index] == 0x3c, isNameStart(index + 1) {
                try element(into: &parent, depth: depth)
            } else {
                text.append(bytes[index])
                advance()
            }
        }
        guard parent.name.isEmpty else { throw fault("`<\(parent.name)>` is not closed") }
    }

    private mutating func element(into parent: inout Element, depth: Int) throws(Fault) {
        var found = Element(name: "", line: line)
        index += 1
        found.name = word()
        while true {
            skipBlanks()
            guard index < bytes.count else { throw fault("the file ends inside a tag") }
            if starts("/>") {
                index += 2
                parent.children.append(found)
                return
            }
            if bytes[index] == 0x3e {
                index += 1
                do throws(Fault) {
                    try read(into: &found, depth: depth + 1)
                } catch {
                    // A group that breaks off has the rules before that.
                    if depth == 0 { parent.children.append(found) }
                    throw error
                }
                parent.children.append(found)
                return
            }
            let name = word()
            skipBlanks()
            guard !name.isEmpty, index < bytes.count, bytes[index] == 0x3d else {
                throw fault("an attribute of `<\(found.name)>` has no value")
            }
            index += 1
            skipBlanks()
            guard index < bytes.count, bytes[index] == 0x22 || bytes[index] == 0x27 else {
                throw fault("the value of `\(name)` stands in no quotes")
            }
            let quote = bytes[index]
            index += 1
            var value: [UInt8] = []
            while index < bytes.count, bytes[index] != quote {
                value.append(bytes[index])
                advance()
            }
            index += 1
            found.attributes[name] = WazuhMarkup.plain(value)
        }
    }

    private mutating func endTag() throws(Fault) -> String {
        index += 2
        let name = word()
        skipBlanks()
        guard index < bytes.count, bytes[index] == 0x3e else { throw fault("`</\(name)` has no `>`") }
        index += 1
        return name
    }

    private func fault(_ what: String) -> Fault { Fault(line: line, what: what) }

    private func starts(_ text: StaticString) -> Bool { bytes[index...].starts(with: text.description.utf8) }

    private func isNameStart(_ position: Int) -> Bool {
        guard position < bytes.count else { return false }
        let byte = bytes[position] | 0x20
        return byte >= 0x61 && byte <= 0x7a || bytes[position] == 0x5f
    }

    private mutating func advance() {
        if bytes[index] == 0x0a { line += 1 }
        index += 1
    }

    private mutating func skip(past end: StaticString) throws(Fault) {
        let start = line
        while index < bytes.count {
            if starts(end) {
                index += end.utf8CodeUnitCount
                return
            }
            advance()
        }
        throw Fault(line: start, what: "what begins here has no `\(end.description)`")
    }

    private mutating func skipBlanks() {
        while index < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index]) { advance() }
    }

    private mutating func word() -> String {
        let start = index
        while index < bytes.count, ![0x20, 0x09, 0x0a, 0x0d, 0x2f, 0x3d, 0x3e].contains(bytes[index]) {
            index += 1
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    /// Text with the five entities of XML replaced; blanks around lines are kept.
    private static func plain(_ bytes: [UInt8]) -> String {
        var text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("&") else { return text }
        let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        for (entity, character) in entities { text = text.replacing(entity, with: character) }
        return text
    }
}
