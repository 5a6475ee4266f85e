// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Testing
import WireFormats

struct EventSchemaTests {
    private static func schema(_ name: String) throws -> JSONValue {
        let path = "schemas/event/\(name)-v\(EventSchema.version).schema.json"
        let file = try #require(SourceTree.whole.files { $0 == path }.first)
        return try JSONValue(parsing: file.text)
    }

    private static func words(_ schema: JSONValue, _ path: [String]) -> [String] {
        var value: JSONValue? = schema
        for name in path { value = value?[name] }
        return (value?.elements ?? []).compactMap(\.text)
    }

    private static func names(_ value: JSONValue?) -> [String] {
        guard case .object(let members) = value else { return [] }
        return members.map(\.name)
    }

    @Test func `the schema lists every class, action, outcome and issue, in the order of the vocabulary`()
        throws
    {
        let event = try EventSchemaTests.schema("event")
        let classes = EventSchemaTests.words(event, ["properties", "class", "enum"])
        #expect(classes == EventClass.allCases.map(\.name))
        #expect(
            EventSchemaTests.words(event, ["properties", "action", "enum"]) == Action.allCases.map(\.name)
        )
        #expect(
            EventSchemaTests.words(event, ["properties", "outcome", "enum"]) == Outcome.allCases.map(\.name)
        )
        #expect(
            EventSchemaTests.words(event, ["properties", "issues", "items", "enum"]) == ParseIssues.codes
        )
    }

    @Test func `the schema has every field with a fixed name, after the envelope, and describes it`() throws {
        let event = try EventSchemaTests.schema("event")
        let properties = EventSchemaTests.names(event["properties"])
        #expect(Array(properties.suffix(FieldID.knownNames.count)) == FieldID.knownNames)
        for name in properties {
            #expect(event["properties"]?[name]?["description"]?.text?.isEmpty == false, "\(name)")
        }
    }

    @Test(arguments: [EventClass.access, .network, .update])
    func `the schema of a class lists the actions that belong to it`(_ eventClass: EventClass) throws {
        let schema = try EventSchemaTests.schema(eventClass.name)
        let expected = Action.allCases.filter { $0.defaultClass == eventClass }.map(\.name)
        #expect(EventSchemaTests.words(schema, ["$defs", "actions", "enum"]) == expected)
        #expect(schema["properties"]?["class"]?["const"]?.text == eventClass.name)
        #expect(schema["$ref"]?.text == "event-v\(EventSchema.version).schema.json")
    }
}
