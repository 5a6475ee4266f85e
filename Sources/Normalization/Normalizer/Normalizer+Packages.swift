// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import WireFormats

/// Lines of package managers that only their neighbours complete.
extension Normalizer {
    /// A line of an apt history stanza: one event for each package, with the stanza's start and requester.
    mutating func decode(
        _ line: RecordPiece.AptLine,
        _ text: Range<Int>,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        let value = Array(bytes[text])
        switch line {
        case .start: assembler.amendStanza(place, begins: true) { $0.start = value }
        case .command: assembler.amendStanza(place, begins: false) { $0.command = value }
        case .requester: assembler.amendStanza(place, begins: false) { $0.user = value }
        case .end: assembler.endStanza(place.source)
        case .upgrade, .install, .remove:
            assembler.amendStanza(place, begins: false) { _ in }
            draftPackages(line, text, assembler.stanza(place.source), bytes, work.context)
            cite(assembler.stanza(place.source)?.offsets ?? [])
            emitDrafts("apt", &work, bytes, &events)
            citation = []
            return
        }
        decodeAlone(&work, bytes, &events)
    }

    private mutating func cite(_ offsets: [Offset]) {
        guard offsets.count > 1 else { return }
        citation = Array(offsets.map { String($0.value) }.joined(separator: " ").utf8)
    }

    private mutating func draftPackages(
        _ line: RecordPiece.AptLine,
        _ text: Range<Int>,
        _ stanza: RecordAssembler.Stanza?,
        _ bytes: [UInt8],
        _ context: StampContext
    ) {
        bodies.found.removeAll()
        let start = stanza.flatMap { Normalizer.time($0.start, context) } ?? .absent
        let requester = (stanza?.user ?? []).split(separator: 0x20).map(Array.init)
        var list = AptPackages(text)
        var number = 0
        while let package = list.next(bytes.span) {
            number += 1
            guard number <= AptPackages.countMax else {
                bodies.found.amend { $0.issues.insert(.decodeTruncated) }
                return
            }
            let action: Action = line == .upgrade ? .update : line == .install ? .install : .remove
            bodies.found.begin(.update, action, .success)
            bodies.found.amend { $0.time = start }
            bodies.found.add(.softwareName, bytes.span, package.name)
            let versions = package.versions
            switch line {
            case .upgrade where versions.count > 1:
                bodies.found.add(.softwareFrom, bytes.span, versions[0])
                bodies.found.add(.softwareTo, bytes.span, versions[1])
            case .remove: bodies.found.add(.softwareFrom, bytes.span, versions[0])
            default: bodies.found.add(.softwareTo, bytes.span, versions[0])
            }
            let marks = line == .upgrade ? 2 : 1
            if versions.count > marks { bodies.found.add(named: "ext.mark", bytes.span, versions[marks]) }
            bodies.found.add(named: "ext.arch", bytes.span, package.architecture)
            guard let stanza else { continue }
            if let user = requester.first { bodies.found.add(.userName, user.span, 0..<user.count) }
            bodies.found.add(named: "ext.command", stanza.command.span, 0..<stanza.command.count)
        }
    }

    /// The start of a stanza: `2026-10-05  04:00:00`, in the zone of the source.
    private static func time(_ text: [UInt8], _ context: StampContext) -> UTCTime? {
        var words = text.split(separator: 0x20)
        guard words.count >= 2 else { return nil }
        words.removeLast(words.count - 2)
        let stamp = Array(words.joined(separator: [0x20]))
        var reader = StampReader(0, stamp.count, context, isAllStamp: true)
        return reader.read(stamp.span, from: 0) ? reader.time : nil
    }

    /// A line of the yum or dnf log; the old version of a pair names the new one too.
    mutating func decode(
        _ verb: RecordPiece.PackageVerb,
        _ text: Range<Int>,
        _ place: RecordAssembler.Place,
        _ work: inout RecordWork,
        _ bytes: [UInt8],
        _ events: inout EventBatch
    ) {
        guard let package = PackageName(bytes.span, text) else { return decodeAlone(&work, bytes, &events) }
        var hash = StableHash()
        hash.combine(place.source)
        hash.combine(bytes.span, package.name)
        hash.combine(bytes.span, package.architecture)
        if work.envelope.issues.contains(.missingPriority), work.envelope.processID.isEmpty {
            // Words of a file: the verb is no application, and the level of dnf no host.
            work.envelope.host = 0..<0
            work.envelope.application = 0..<0
        }
        let version = Array(bytes[package.version])
        var from: [UInt8] = []
        var to: [UInt8] = []
        var action = Action.update
        switch verb {
        case .installed: (action, to) = (.install, version)
        case .updated: to = version
        case .announced:
            assembler.announce(hash.value, version, at: place.offset)
            (action, to) = (.statusReport, version)
        case .replaced:
            from = version
            if let new = assembler.takeAnnouncement(hash.value) {
                to = new.version
                cite([new.offset, place.offset])
            }
        case .removed: (action, from) = (.remove, version)
        }
        bodies.found.removeAll()
        bodies.found.begin(.update, action, action == .statusReport ? .unknown : .success)
        bodies.found.add(.softwareName, bytes.span, package.name)
        bodies.found.add(.softwareFrom, from.span, 0..<from.count)
        bodies.found.add(.softwareTo, to.span, 0..<to.count)
        bodies.found.add(named: "ext.arch", bytes.span, package.architecture)
        bodies.found.add(named: "ext.epoch", bytes.span, package.epoch)
        emitDrafts("yum", &work, bytes, &events)
        citation = []
    }
}
