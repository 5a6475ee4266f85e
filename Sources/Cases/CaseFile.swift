// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import Digests
public import EventModel
import Pipeline
import SegmentLog
public import Timelines
import WireFormats

/// A case that was read and checked: nothing of it counts before that.
///
/// Needs no store.
public struct CaseFile: Sendable {
    /// The incident with its timeline.
    public private(set) var incident: Incident?
    /// When it was made.
    public private(set) var made: UTCTime = .absent
    /// Who made it.
    public private(set) var actor = ""
    /// The head of the records that its proofs lead to.
    public private(set) var head: SignedHead?
    /// Records with a proof.
    public private(set) var recordCount = 0
    /// Entries of the journal with a proof.
    public private(set) var factCount = 0
    /// Rule, decoder and site files.
    public private(set) var fileCount = 0
    /// Cited records that the case has not: they were gone when it was made.
    public private(set) var missing: [UInt64] = []
    /// What is wrong; empty when everything holds.
    public private(set) var problems: [String] = []
    /// Whether the keys are the case's own, so that anyone could have made it.
    public let isSelfSigned: Bool

    /// Largest file that is read as a case: 1 GiB.
    public static let sizeMaxBytes = 1 << 30

    private var keys: [NoteKey] = []
    private var heads: [String: SignedHead] = [:]
    private var offsets: Set<UInt64> = []
    private var named: Set<String> = []
    private var present: Set<String> = []
    /// What those of the files list that could be manifests.
    private var listed: [String: [ActivatedFiles.File]] = [:]
    private var manifests: Set<String> = []

    /// Whether everything holds.
    public var isSound: Bool { problems.isEmpty }

    /// Reads and checks all of `bytes`; `known` are the keys to trust, the case's own unless given.
    ///
    /// - Complexity: O(bytes).
    public init(_ bytes: [UInt8], known: [NoteKey]?) {
        isSelfSigned = known == nil
        keys = known ?? []
        guard var lines = CaseFile.lines(bytes), lines.count >= 3, let end = lines.popLast() else {
            problems = ["this is no case: its lines are not whole"]
            return
        }
        var values: [JSONValue] = []
        for line in lines {
            // Spaces or another order of members would be bytes that nobody vouches for.
            guard let value = try? JSONValue(parsing: Array(bytes[line]).span),
                value.line.utf8.elementsEqual(bytes[line])
            else {
                problems = ["line \(values.count + 1) is not as it was written"]
                return
            }
            values.append(value)
        }
        open(values[0])
        check(seal: bytes[end], over: bytes[..<end.lowerBound], lines: values.count)
        guard problems.isEmpty else { return }
        read(values[1])
        for (number, value) in values.enumerated().dropFirst(2) { add(value, line: number + 1) }
        finish()
    }

    /// Ranges of the lines without their ends; nil unless the last ends in a line feed.
    private static func lines(_ bytes: [UInt8]) -> [Range<Int>]? {
        guard bytes.last == 0x0a else { return nil }
        var lines: [Range<Int>] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0a {
            lines.append(start..<index)
            start = index + 1
        }
        return lines
    }

    private mutating func open(_ value: JSONValue) {
        guard value["wardline_case"]?.integer == CaseLine.version else {
            problems.append("this is no case of version \(CaseLine.version)")
            return
        }
        made = value["made"]?.text.flatMap { UTCTime(rfc3339: $0) } ?? .absent
        actor = value["actor"]?.text ?? ""
        if isSelfSigned {
            keys = (value["keys"]?.elements ?? []).compactMap { $0.text.flatMap { NoteKey($0[...]) } }
        }
        for text in (value["heads"]?.elements ?? []).compactMap(\.text) {
            guard let head = SignedHead(text), let stream = head.origin.split(separator: "/").last else {
                problems.append("a head is none")
                continue
            }
            guard keys.contains(where: { $0.name == head.origin && head.isSigned(by: $0) }) else {
                problems.append("the head of \(stream) is not signed by a known key")
                continue
            }
            heads[String(stream)] = head
        }
        head = heads["records"]
        if head == nil, problems.isEmpty { problems.append("there is no head of the records") }
    }

    private mutating func check(seal line: ArraySlice<UInt8>, over bytes: ArraySlice<UInt8>, lines: Int) {
        guard let value = try? JSONValue(parsing: Array(line).span), value.line.utf8.elementsEqual(line),
            let text = value["seal"]?.text, let note = SignedNote(text)
        else {
            problems.append("the case has no seal at its end")
            return
        }
        let said = note.lines.dropFirst().first.map { $0.dropFirst("incident ".count) } ?? ""
        guard note.body == CaseLine.sealBody(String(said), lines: lines, sha256(bytes)) else {
            problems.append("the lines are not those that were sealed")
            return
        }
        guard let origin = head?.origin,
            keys.contains(where: { $0.name == origin && note.isSigned(by: $0) }), note.signatureCount == 1
        else {
            problems.append("the seal is not signed by a known key")
            return
        }
    }

    private mutating func read(_ value: JSONValue) {
        guard let timeline = value["timeline"], let found = Incident(timeline) else {
            problems.append("line 2 holds no incident")
            return
        }
        incident = found
    }

    private mutating func add(_ value: JSONValue, line: Int) {
        if let stream = value["stream"]?.text {
            add(value, of: stream, line: line)
        } else if let name = value["sha256"]?.text,
            let bytes = value["bytes"]?.text.flatMap({ Base64Text.bytes($0) })
        {
            fileCount += 1
            present.insert(name)
            if sha256(bytes).hexadecimal != name {
                problems.append("line \(line): the file has another hash")
            }
            listed[name] = ActivatedFiles.files(ofManifest: bytes)
        } else {
            problems.append("line \(line) is of no known kind")
        }
    }

    private mutating func add(_ value: JSONValue, of stream: String, line: Int) {
        let path = (value["path"]?.elements ?? []).compactMap {
            $0.text.flatMap { Base64Text.bytes($0) }.flatMap { TreeHash($0) }
        }
        guard let head = heads[stream], let content = value["leaf"]?.text.flatMap({ Base64Text.bytes($0) }),
            let offset = value["offset"]?.integer.flatMap({ UInt64(exactly: $0) }),
            path.count == value["path"]?.elements?.count
        else {
            problems.append("line \(line) holds no proof")
            return
        }
        let proof = RecordProof(offset: Offset(offset), content: content, path: path, head: head)
        guard proof.isSound else {
            problems.append("record \(offset) of \(stream) is not in the tree of the head")
            return
        }
        guard stream == "records" else {
            factCount += 1
            return
        }
        recordCount += 1
        offsets.insert(offset)
        guard let kind = proof.kind, let bytes = proof.record else { return }
        switch ActivatedFiles(kind, bytes) {
        case .listed(let files): named.formUnion(files.map(\.sha256))
        case .manifest(let hash):
            named.insert(hash)
            manifests.insert(hash)
        case nil: break
        }
    }

    private mutating func finish() {
        for manifest in manifests.intersection(present).sorted() {
            guard let files = listed[manifest] else {
                problems.append("the file \(manifest) does not list what was in force")
                continue
            }
            named.formUnion(files.map(\.sha256))
        }
        missing = (incident?.entries.map(\.offset.value) ?? []).filter { !offsets.contains($0) }
        for name in named.subtracting(present).sorted() {
            problems.append("the file \(name) was in force and is not in the case")
        }
    }
}
