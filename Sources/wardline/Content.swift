// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation
import Normalization
import Platform
import SiteFiles

/// Decoder and rule files as the command line finds them.
enum Content {
    /// Most files of one folder: 10,000, the size of the public rule collections with room to grow.
    static let fileCountMax = 10_000
    /// Largest content file: 4 MiB; anything larger is no rule and no decoder.
    static let fileSizeMax = 4 * 1_048_576
    /// Largest site file: 64 MiB, an inventory of a hundred thousand devices with room to grow.
    static let siteFileSizeMax = 64 * 1_048_576

    /// The compiled decoders of `folder`, else of the content that ships.
    static func decoders(
        folder: String?,
        environment: [String: String],
        isQuiet: Bool
    ) throws(WardlineError) -> DecoderSet {
        let outcome = DecoderLoader.load(try decoderFiles(folder: folder, environment: environment))
        if !isQuiet {
            for refused in outcome.refused { Messages.warning("decoder file refused: \(refused)") }
        }
        return outcome.decoders
    }

    /// The decoder files of `folder`, else of the content that ships, in order of name.
    static func decoderFiles(
        folder: String?,
        environment: [String: String]
    ) throws(WardlineError) -> [DecoderLoader.File] {
        var folder = folder
        if folder == nil { folder = try shared("decoders", environment) }
        guard let folder else {
            Messages.warning(absent("decoders"))
            return []
        }
        return try files(in: folder, endingIn: [DecoderLoader.fileSuffix]).map {
            DecoderLoader.File(name: $0.name, bytes: $0.bytes)
        }
    }

    /// The folder of shipped content of that name; nil when there is none.
    ///
    /// Looked for in `WARDLINE_SHARE`, in `../share/wardline` beside the executable, then in the nearest
    /// folder above the executable that holds both `rules` and `decoders`.
    static func shared(_ name: String, _ environment: [String: String]) throws(WardlineError) -> String? {
        if let named = environment["WARDLINE_SHARE"], !named.isEmpty {
            let folder = named + "/" + name
            guard isFolder(folder) else {
                throw WardlineError(
                    .input,
                    "WARDLINE_SHARE has no folder `\(name)`. Correct or unset it.",
                    location: named
                )
            }
            return folder
        }
        guard let executable = executablePath() else { return nil }
        var above = parentPath(executable)
        let installed = parentPath(above) + "/share/wardline/" + name
        if isFolder(installed) { return installed }
        while above.count > 1 {
            if isFolder(above + "/rules"), isFolder(above + "/decoders") { return above + "/" + name }
            above = parentPath(above)
        }
        return nil
    }

    /// What is said where shipped content cannot be found: the program goes on, but understands less.
    static func absent(_ name: String) -> String {
        "the shipped \(name) were not found beside the program. Set WARDLINE_SHARE to the folder that holds "
            + "`\(name)`."
    }

    private static func isFolder(_ path: String) -> Bool { POSIXStorage().isDirectory(path) }

    /// The rule files under `folder` in order of path; files of cases are left out.
    static func ruleFiles(
        in folder: String,
        isDeep: Bool = true
    ) throws(WardlineError) -> [(name: String, bytes: [UInt8])] {
        try files(
            in: folder,
            endingIn: SigmaReader.fileSuffixes,
            except: SigmaReader.caseSuffixes,
            isDeep: isDeep
        )
    }

    /// The files under `folder` whose names end so, in order of path.
    ///
    /// Links are not followed.
    static func files(
        in folder: String,
        endingIn suffixes: [String],
        except others: [String] = [],
        isDeep: Bool = true
    ) throws(WardlineError) -> [(name: String, bytes: [UInt8])] {
        let manager = FileManager.default
        guard isFolder(folder) else {
            throw WardlineError(.input, "There is no such folder. Name an existing one.", location: folder)
        }
        let listed =
            isDeep
            ? try? manager.subpathsOfDirectory(atPath: folder)
            : try? manager.contentsOfDirectory(atPath: folder)
        guard let paths = listed else {
            throw WardlineError(.input, "The folder cannot be read. Check its permissions.", location: folder)
        }
        let wanted = paths.filter { path in
            suffixes.contains(where: path.hasSuffix) && !others.contains(where: path.hasSuffix)
        }.sorted()
        guard wanted.count <= fileCountMax else {
            throw WardlineError(
                .input,
                "The folder holds more than \(fileCountMax) such files. Split it.",
                location: folder
            )
        }
        var found: [(name: String, bytes: [UInt8])] = []
        for path in wanted { found.append((path, try bytes(of: folder + "/" + path, atMost: fileSizeMax))) }
        return found
    }

    /// The bytes of a file.
    static func bytes(of path: String, atMost limit: Int) throws(WardlineError) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw WardlineError(
                .input,
                "The file cannot be read. Check its name and permissions.",
                location: path
            )
        }
        guard data.count <= limit else {
            throw WardlineError(
                .input,
                "The file has \(data.count) bytes; at most \(limit) are read.",
                location: path
            )
        }
        return Array(data)
    }
}
