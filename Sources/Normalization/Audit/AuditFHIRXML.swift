// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Reads FHIR resources in XML as the JSON that they would be: elements are members, `value` attributes are
/// values.
///
/// - Source: FHIR R4, "XML and JSON representation"; names that are lists in AuditEvent and Bundle are lists
///   here, others when they come more than once.
struct AuditFHIRXML {
    private static let lists: Set<String> = ["agent", "participant", "entity", "object", "entry"]

    /// An element that is open.
    private struct Node {
        var name: String
        var value: JSONValue?
        var members: [JSONValue.Member] = []

        /// Adds a child; a name that was there already, or is one of lists, makes one.
        mutating func add(_ name: String, _ child: JSONValue) {
            guard let place = members.firstIndex(where: { $0.name == name }) else {
                members.append(.init(name, lists.contains(name) ? .array([child]) : child))
                return
            }
            members[place].value = .array((members[place].value.elements ?? [members[place].value]) + [child])
        }
    }

    private var scanner = XMLScanner()
    private var open: [Node] = []

    /// The resource at `range`; nil when it is not well-formed or breaks off.
    mutating func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> JSONValue? {
        open = [Node(name: "")]
        scanner.begin(range)
        while true {
            switch scanner.next(bytes) {
            case .open(let name):
                var node = Node(name: String(decoding: bytes, name))
                if let text = attribute("value", bytes) {
                    node.value = node.name == "requestor" ? .bool(text == "true") : .text(text)
                }
                open.append(node)
            case .close: close()
            case .text, .literal: break
            case .end: return open[0].members.first?.value
            case .fault: return nil
            }
        }
    }

    private func attribute(_ name: String, _ bytes: Span<UInt8>) -> String? {
        for attribute in scanner.attributes where String(decoding: bytes, attribute.name) == name {
            var resolved: [UInt8] = []
            XMLText.append(bytes, attribute.value, to: &resolved)
            return String(decoding: resolved, as: UTF8.self)
        }
        return nil
    }

    private mutating func close() {
        guard let node = open.popLast(), let outer = open.indices.last else { return }
        // Names of resources begin with a capital; what holds one is that resource.
        guard node.name.first?.isUppercase == true else {
            open[outer].add(node.name, node.value ?? .object(node.members))
            return
        }
        let resource = JSONValue.object([.init("resourceType", .text(node.name))] + node.members)
        if open[outer].name.isEmpty {
            open[outer].members = [.init(node.name, resource)]
        } else {
            open[outer].value = resource
        }
    }
}
