// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Foundation

/// A JSON value with the types that rules tell apart.
indirect enum VectorValue: Decodable, Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case text(String)
    case list([VectorValue])
    case object([String: VectorValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .double(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([VectorValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: VectorValue].self))
        }
    }

    subscript(_ name: String) -> VectorValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    var elements: [VectorValue] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }
}

/// The conformance folder with vectors for Sigma.
enum SigmaVectors {
    /// The folder; nil when it is absent.
    static let folder: URL? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let given = ProcessInfo.processInfo.environment["WARDLINE_CONFORMANCE"]
        let base = given.map { URL(fileURLWithPath: $0) } ?? root.appending(path: "../shared/conformance")
        let folder = base.appending(path: "sigma")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    static func value(_ path: String) throws -> VectorValue {
        guard let folder else { return .null }
        return try JSONDecoder().decode(
            VectorValue.self,
            from: Data(contentsOf: folder.appending(path: path))
        )
    }
}
