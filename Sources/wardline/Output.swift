// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import Foundation

/// Standard output as a command uses it: data only, collected and written in large pieces.
///
/// A reader that leaves early (`| head`) ends the process silently with status 0.
final class Output {
    /// Bytes collected before they are written: few enough for a pipe's reader to see progress.
    static let bufferSizeMax = 65_536

    private var buffer: [UInt8] = []
    private var pager: Pager?

    init(pager: Pager?) { self.pager = pager }

    /// Writes one line; the text must be safe already.
    func line(_ text: String) {
        buffer.append(contentsOf: text.utf8)
        buffer.append(0x0a)
        if buffer.count >= Output.bufferSizeMax { flush() }
    }

    /// Writes lines.
    func lines(_ texts: [String]) {
        for text in texts { line(text) }
    }

    /// Writes bytes as they are: `cat --raw` only.
    func raw(_ bytes: [UInt8]) {
        buffer.append(contentsOf: bytes)
        buffer.append(0x0a)
        if buffer.count >= Output.bufferSizeMax { flush() }
    }

    /// Hands over what was collected.
    func flush() {
        guard !buffer.isEmpty else { return }
        let handle = pager?.input ?? FileHandle.standardOutput
        do {
            try handle.write(contentsOf: Data(buffer))
        } catch {
            leave(after: error)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Hands over what was collected and waits for the pager.
    func finish() {
        flush()
        pager?.finish()
        pager = nil
    }

    /// Ends the process: silently when the reader left, with status 2 and a message otherwise.
    private func leave(after error: any Error) -> Never {
        if let pager {
            pager.finish()
            exit(0)
        }
        if Output.isBrokenPipe(error) { exit(0) }
        Messages.error("cannot write to standard output: \(error.localizedDescription)")
        exit(2)
    }

    static func isBrokenPipe(_ error: any Error) -> Bool {
        let found = error as NSError
        if found.domain == NSPOSIXErrorDomain, found.code == Int(EPIPE) { return true }
        guard let below = found.userInfo[NSUnderlyingErrorKey] as? NSError else { return false }
        return below.domain == NSPOSIXErrorDomain && below.code == Int(EPIPE)
    }
}

/// Messages for people, on standard error.
enum Messages {
    /// `wardline: MESSAGE`, escaped line by line.
    static func error(_ text: String) { write("wardline: " + text) }

    /// A warning.
    static func warning(_ text: String) { write("wardline: warning: " + text) }

    /// A line of information.
    static func note(_ text: String) { write(text) }

    private static func write(_ text: String) {
        let safe = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            TerminalText.escaped(String($0))
        }
        // A closed standard error leaves nobody to tell.
        try? FileHandle.standardError.write(contentsOf: Data((safe.joined(separator: "\n") + "\n").utf8))
    }
}

/// A pager that shows standard output page by page; only when a person looks at it.
final class Pager {
    private let process = Process()
    private let pipe = Pipe()

    /// Where to write what is to be shown.
    var input: FileHandle { pipe.fileHandleForWriting }

    /// Starts `$WARDLINE_PAGER`, `$PAGER` or `less -FRX`; nil when there is none, or it is empty or `cat`.
    init?(environment: [String: String]) {
        let named = environment["WARDLINE_PAGER"] ?? environment["PAGER"]
        if let named, ["", "cat"].contains(named) { return nil }
        let folders = (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
        let isThere = folders.contains { FileManager.default.isExecutableFile(atPath: $0 + "/less") }
        guard named != nil || isThere else { return nil }
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", named ?? "less -FRX"]
        process.standardInput = pipe
        var inherited = environment
        if inherited["LESSCHARSET"] == nil { inherited["LESSCHARSET"] = "utf-8" }
        process.environment = inherited
        guard (try? process.run()) != nil else { return nil }
    }

    /// Ends the pager's input and waits until the person leaves it.
    func finish() {
        try? pipe.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
