// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// A place in a decoder file: line and column from 1; zeros when a definition was made in code.
public struct SourcePlace: Hashable, Sendable {
    /// Name of the file.
    public var file: String
    /// Line from 1; 0 if unknown.
    public var line: Int
    /// Column from 1; 0 if unknown.
    public var column: Int

    /// Makes a place.
    public init(file: String = "", line: Int = 0, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }
}

/// Why a decoder definition cannot be compiled.
///
/// Everything else that was in force stays usable.
public struct DecoderError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the file.
    public var place: SourcePlace
    /// What is wrong, and what to do.
    public var what: String

    /// Makes an error.
    public init(_ place: SourcePlace, _ what: String) {
        self.place = place
        self.what = what
    }

    /// `FILE:LINE:COLUMN: WHAT`.
    public var description: String {
        place.line > 0 ? "\(place.file):\(place.line):\(place.column): \(what)" : "\(place.file): \(what)"
    }
}
