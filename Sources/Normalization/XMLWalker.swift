// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Walks XML element by element, with texts as people read them; ``XMLScanner`` sets what is read.
struct XMLWalker {
    /// What was met.
    enum Step {
        case open(name: String, attributes: [String: String])
        case close(name: String)
        case text(String)
        case end(issues: ParseIssues)
    }

    private let bytes: [UInt8]
    private var scanner: XMLScanner

    /// Walks `bytes` from `position` on.
    init(_ bytes: [UInt8], from position: Int) {
        self.bytes = bytes
        scanner = XMLScanner(position..<bytes.count)
    }

    /// The next thing in the text; after the root element closes, the end.
    mutating func next() -> Step {
        let bytes = bytes
        switch scanner.next(bytes.span) {
        case .open(let name):
            var attributes: [String: String] = [:]
            for attribute in scanner.attributes {
                let key = String(decoding: bytes[attribute.name], as: UTF8.self)
                if attributes[key] == nil { attributes[key] = text(attribute.value) }
            }
            return .open(name: String(decoding: bytes[name], as: UTF8.self), attributes: attributes)
        case .close(let name): return .close(name: String(decoding: bytes[name], as: UTF8.self))
        case .text(let range): return .text(text(range))
        case .literal(let range): return .text(String(decoding: bytes[range], as: UTF8.self))
        case .end: return .end(issues: [])
        // What is not read to its end is not known to be well formed.
        case .fault(.bound): return .end(issues: [.badXML, .decodeTruncated])
        case .fault(let fault): return .end(issues: fault.issues)
        }
    }

    private func text(_ range: Range<Int>) -> String {
        guard XMLText.hasReferences(bytes.span, range) else {
            return String(decoding: bytes[range], as: UTF8.self)
        }
        var resolved: [UInt8] = []
        XMLText.append(bytes.span, range, to: &resolved)
        return String(decoding: resolved, as: UTF8.self)
    }
}

extension XMLFault {
    /// What the event says of it.
    var issues: ParseIssues {
        switch self {
        case .malformed: .badXML
        case .documentType: .xmlDoctypeRefused
        case .bound: .decodeTruncated
        }
    }
}
