// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Schemas: valid JSON without duplicate keys, a version in the file name, the same name in `$id`, and a
/// title.
enum SchemaCheck {
    static let suffix = ".schema.json"

    static func findings(in file: TreeFile) -> [Finding] {
        var findings: [Finding] = []
        func found(_ message: String) { findings.append(Finding(path: file.path, line: 1, message: message)) }
        if !hasVersion(file.name) { found("the name carries no version, such as access-v1.schema.json") }
        guard let schema = try? JSONValue(parsing: file.text) else {
            found("this is not valid JSON")
            return findings
        }
        if schema["$schema"]?.text != "https://json-schema.org/draft/2020-12/schema" {
            found("`$schema` does not name draft 2020-12")
        }
        if schema["$id"]?.text?.hasSuffix("/" + file.path) != true {
            found("`$id` does not end in the file's path")
        }
        if (schema["title"]?.text ?? "").isEmpty { found("there is no title") }
        return findings
    }

    /// Whether `name` ends in `-vN.schema.json` with a number from 1 on.
    private static func hasVersion(_ name: String) -> Bool {
        guard name.hasSuffix(suffix) else { return false }
        let stem = name.dropLast(suffix.count)
        guard let dash = stem.lastIndex(of: "-") else { return false }
        let version = stem[stem.index(after: dash)...]
        return version.first == "v" && (Int(version.dropFirst()) ?? 0) > 0
    }
}
