// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Normalization
import SiteFiles

/// What libFuzzer calls: the target that `FUZZ_TARGET` names, with the decoders that ship.
private enum FuzzEntry {
    static let target: FuzzTarget = {
        let environment = ProcessInfo.processInfo.environment
        let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
        guard let target = FuzzTarget(rawValue: environment["FUZZ_TARGET"] ?? "") else {
            preconditionFailure("set FUZZ_TARGET to one of \(names)")
        }
        if let folder = environment["FUZZ_SEEDS"] {
            for (number, seed) in target.seeds.enumerated() {
                let path = "\(folder)/seed-\(number)"
                precondition(FileManager.default.createFile(atPath: path, contents: Data(seed.utf8)), path)
            }
        }
        return target
    }()

    nonisolated(unsafe) static var normalizer: Normalizer = {
        let folder = "decoders"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let files = names.filter { $0.hasSuffix(DecoderLoader.fileSuffix) }.sorted().compactMap { name in
            FileManager.default.contents(atPath: folder + "/" + name).map {
                DecoderLoader.File(name: name, bytes: Array($0))
            }
        }
        precondition(!files.isEmpty, "run it where the folder `decoders` lies")
        let decoders = DecoderLoader.load(files).decoders
        return Normalizer(decoders: decoders, siteKey: SiteKey(id: "fuzz", secret: [1]))
    }()
}

/// Loads the decoders, so that the first input does not take the time of it.
@_cdecl("LLVMFuzzerInitialize")
public func fuzzInitialize(_ count: OpaquePointer?, _ arguments: OpaquePointer?) -> CInt {
    _ = FuzzEntry.target
    _ = unsafe FuzzEntry.normalizer
    return 0
}

/// Runs one input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // libFuzzer gives `count` readable bytes.
    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
    unsafe FuzzEntry.target.run(bytes, by: &FuzzEntry.normalizer)
    return 0
}
