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
    /// Pairs of rules of which the later one can never match, in words.
    public let warnings: [String]

    /// Version of the engine; part of the epoch, raised when the same files decode otherwise.
    public static let engineVersion: UInt32 = 1

    let decoders: [CompiledDecoder]
    let rules: [CompiledRule]
    let program: PatternProgram
    /// Names of captures and keys to slots.
    let slots: NameTable
    /// Slot to where a capture of that name goes.
    let slotTargets: [FieldTarget]
    /// Names of `ext.*` fields that decoders name.
    let extensionNames: [String]
    let routes: RouteTable

    /// Compiles decoders.
    ///
    /// - Throws: ``DecoderError`` at the first definition that cannot be compiled, with its place.
    public init(compiling definitions: [DecoderDefinition]) throws(DecoderError) {
        var compiler = DecoderCompiler()
        let ordered = definitions.sorted { $0.id.text < $1.id.text }
        for definition in ordered + GenericDecoders.all { try compiler.add(definition) }
        decoders = compiler.decoders
        rules = compiler.rules
        program = compiler.program
        slots = compiler.slots
        slotTargets = compiler.slotTargets
        extensionNames = compiler.extensionNames
        identifiers = ordered.map(\.id.text)
        warnings = compiler.warnings
        routes = compiler.routes.finished()
        epoch = DecoderSet.epoch(of: ordered)
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
