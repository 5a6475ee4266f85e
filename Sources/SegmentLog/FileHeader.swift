// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Digests
import EventModel

/// The first 64 bytes of every segment and write-ahead file.
///
/// - Source: `schemas/disk/wal-v1.md` and `segment-v1.md`, section 1.
struct FileHeader: Hashable {
    enum Kind: Hashable {
        case segment
        case wal

        var magic: [UInt8] { Array((self == .segment ? "WARDSEG\n" : "WARDWAL\n").utf8) }
    }

    static let size = 64
    static let version: UInt16 = 1
    static let streamNameMaxBytes = 24

    var kind: Kind
    var base: Offset
    var stream: [UInt8]
    /// How often a segment was written anew.
    var generation: UInt32

    init(_ kind: Kind, _ base: Offset, stream: String, generation: UInt32 = 0) {
        self.kind = kind
        self.generation = generation
        self.base = base
        self.stream = Array(stream.utf8.prefix(FileHeader.streamNameMaxBytes))
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.bytes.append(contentsOf: kind.magic)
        writer.write(FileHeader.version)
        writer.write(UInt16(FileHeader.size))
        writer.write(UInt32(0))
        writer.write(UInt32(0))
        writer.write(generation)
        writer.write(base.value)
        writer.bytes.append(contentsOf: stream)
        writer.bytes.append(
            contentsOf: [UInt8](repeating: 0, count: FileHeader.streamNameMaxBytes - stream.count)
        )
        writer.write(UInt32(0))
        writer.write(CRC32C.masked(CRC32C.checksum(writer.bytes)))
        return writer.bytes
    }

    /// Base and stream of a segment's header, whatever the file is called; nil for other bytes.
    static func segment(_ bytes: [UInt8]) -> (base: Offset, stream: String)? {
        guard bytes.count >= size, Array(bytes[0..<8]) == Kind.segment.magic else { return nil }
        var reader = ByteReader(bytes, 24..<32)
        guard let base = try? reader.uint64() else { return nil }
        return (Offset(base), String(decoding: bytes[32..<56].prefix { $0 != 0 }, as: UTF8.self))
    }

    /// The generation in a header that was checked.
    static func generation(_ bytes: [UInt8]) -> UInt32 {
        var reader = ByteReader(bytes, 20..<24)
        return (try? reader.uint32()) ?? 0
    }

    /// Checks the header; nil if it is not whole.
    ///
    /// - Throws: ``LogError/unsupported(file:version:flags:)`` for a header that a newer version wrote.
    static func check(
        _ bytes: [UInt8],
        _ expected: FileHeader,
        file: String
    ) throws(LogError) -> Bool {
        guard bytes.count >= size else { return false }
        do throws(ByteReaderError) {
            var reader = ByteReader(bytes, 60..<64)
            guard try reader.uint32() == CRC32C.masked(CRC32C.checksum(bytes.span, 0..<60)) else {
                return false
            }
            reader = ByteReader(bytes, 8..<size)
            let version = try reader.uint16()
            _ = try reader.range(6)
            let flags = try reader.uint32()
            guard Array(bytes[0..<8]) == expected.kind.magic else { return false }
            guard version == FileHeader.version, flags == 0 else {
                throw ByteReaderError.invalid(position: 8)
            }
        } catch {
            var reader = ByteReader(bytes, 8..<size)
            let version = (try? reader.uint16()) ?? 0
            _ = try? reader.range(6)
            throw .unsupported(file: file, version: version, flags: (try? reader.uint32()) ?? 0)
        }
        return Array(bytes[0..<size]) == expected.encoded() || sameNames(bytes, expected)
    }

    /// Unknown compatible flags may differ; base and stream may not.
    private static func sameNames(_ bytes: [UInt8], _ expected: FileHeader) -> Bool {
        Array(bytes[24..<56]) == Array(expected.encoded()[24..<56])
    }
}
