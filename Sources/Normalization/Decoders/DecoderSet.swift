// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel

/// Compiled decoders: what routes a message and how each body is read.
///
/// Immutable; shared by threads.
public struct DecoderSet: Sendable {
    /// SHA-256 over the identifiers, versions and bytes of the files, in order of identifier: names the set.
    public let epoch: [UInt8]
    /// Identifiers of the decoders, in order of identifier.
    public let identifiers: [String]

    /// Version of the engine; part of the epoch, raised when the same files decode otherwise.
    public static let engineVersion: UInt32 = 4

    let decoders: [CompiledDecoder]
    /// Identifiers of the decoders by number, the built-in ones included.
    let decoderNames: [String]
    let tables: RuleTables
    let program: PatternProgram
    /// Names of captures and keys to slots.
    let slots: NameTable
    /// Slot to where a capture of that name goes.
    let slotTargets: [FieldTarget]
    /// Names of `ext.*` fields that decoders name.
    let extensionNames: [String]
    let routes: RouteTable
    /// The decoder that gives who and where to lines in free wording.
    let parties: Int

    /// Compiles decoders.
    ///
    /// - Throws: ``DecoderError`` at the first definition that cannot be compiled, with its place.
    public init(compiling definitions: [DecoderDefinition]) throws(DecoderError) {
        let ordered = definitions.sorted { $0.id.text < $1.id.text }
        let compiler = try DecoderCompiler(compiling: ordered)
        decoders = compiler.decoders
        decoderNames = compiler.decoderNames
        tables = compiler.tables
        program = compiler.program
        slots = compiler.slots
        slotTargets = compiler.slotTargets
        extensionNames = compiler.extensionNames
        identifiers = ordered.map(\.id.text)
        routes = compiler.routes
        parties = compiler.decoderNames.firstIndex(of: GenericDecoders.parties.id.text) ?? 0
        epoch = DecoderSet.epoch(of: ordered)
    }

    /// Rules of `definitions` that another one shadows or that match the same text as another, in words, both
    /// named with their places.
    ///
    /// Compiles them anew: for whoever writes decoders, while a set is all that decoding needs.
    ///
    /// - Throws: ``DecoderError`` as ``init(compiling:)`` does.
    public static func overlaps(
        among definitions: [DecoderDefinition]
    ) throws(DecoderError) -> [String] {
        let ordered = definitions.sorted { $0.id.text < $1.id.text }
        return PatternOverlaps.found(try DecoderCompiler(compiling: ordered))
    }

    private static func epoch(of definitions: [DecoderDefinition]) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(engineVersion)
        for definition in definitions {
            writer.counted(definition.id.text)
            writer.counted(definition.version)
            writer.counted(definition.bytes)
        }
        return NormalizationDigests.sha256(writer.bytes)
    }
}
