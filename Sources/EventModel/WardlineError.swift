// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// An error as people meet it at the edge of a process: what failed, where, and what to do.
public struct WardlineError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; decides the exit code.
    public enum Code: String, Sendable, CaseIterable {
        /// Wrong flags, names or values: exit 2.
        case usage
        /// A file or stream that cannot be used as asked: exit 2.
        case input
        /// The operating system refused: disk full, permission, I/O error: exit 2.
        case storage
        /// No space left; the same act may succeed later: exit 2.
        case full
        /// Stored bytes are not what was written: exit 3.
        case integrity
        /// Another process holds the store or the port: exit 2.
        case busy
        /// A defect in Wardline: exit 2.
        case `internal`
    }

    /// The kind of failure.
    public var code: Code
    /// What failed and what to do, in one or two sentences.
    public var message: String
    /// The error below, in words; empty if there is none.
    public var cause: String
    /// File, file:line:column, listener or offset; empty if there is none.
    public var location: String

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: String = "", location: String = "") {
        self.code = code
        self.message = message
        self.cause = cause
        self.location = location
    }

    /// `LOCATION: MESSAGE (CAUSE)`.
    public var description: String {
        (location.isEmpty ? "" : location + ": ") + message + (cause.isEmpty ? "" : " (\(cause))")
    }

    /// The documented exit status: 3 for integrity, otherwise 2.
    public var exitStatus: Int32 { code == .integrity ? 3 : 2 }
}
