// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import EventModel

/// A site, rule or decoder file that cannot be used: where, what is wrong and what to do about it.
///
/// One bad file never stops the others: the caller refuses this file and keeps what was in force.
public struct SiteFilesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Name of the file as the user knows it.
    public var file: String
    /// Line from 1; 0 when the whole file is meant.
    public var line: Int
    /// Column from 1, in Unicode scalars; 0 when the whole line or file is meant.
    public var column: Int
    /// What is wrong, without a full stop.
    public var what: String
    /// What to do, as an order; empty when `what` says it all.
    public var remedy: String

    /// Makes an error.
    public init(file: String, line: Int = 0, column: Int = 0, what: String, remedy: String = "") {
        self.file = file
        self.line = line
        self.column = column
        self.what = what
        self.remedy = remedy
    }

    /// Makes an error at a mark of `file`.
    public init(file: String, at mark: YAMLMark, what: String, remedy: String = "") {
        self.init(file: file, line: mark.line, column: mark.column, what: what, remedy: remedy)
    }

    /// `FILE`, `FILE:LINE` or `FILE:LINE:COLUMN`.
    public var location: String {
        guard line > 0 else { return file }
        return column > 0 ? "\(file):\(line):\(column)" : "\(file):\(line)"
    }

    /// `FILE:LINE:COLUMN: WHAT; REMEDY`.
    public var description: String { location + ": " + message }

    /// What is wrong and what to do, without the place.
    public var message: String { remedy.isEmpty ? what : what + "; " + remedy }

    /// The same error as it is shown at the edge of a process.
    public var wardlineError: WardlineError { WardlineError(.input, message, location: location) }
}
