// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

/// The few colours we use, as SGR codes; empty strings when colour is off.
struct Palette: Sendable {
    /// Whether codes are written.
    let isColoured: Bool

    /// Wraps `text` in a style.
    func paint(_ text: String, _ style: Style) -> String {
        isColoured && !text.isEmpty ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// What a colour stands for.
    enum Style: String {
        case strong = "1"
        case faint = "2"
        case danger = "31"
        case good = "32"
        case caution = "33"
        case access = "36"
        case network = "34"
        case update = "35"
    }
}

/// When to colour.
enum ColourChoice: String, CaseIterable, Sendable {
    case auto
    case always
    case never

    /// Whether to colour, by flag, terminal and environment (`NO_COLOR`, `TERM=dumb`, `CLICOLOR_FORCE` is
    /// ignored).
    func isOn(isTerminal: Bool, environment: [String: String]) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto:
            isTerminal && environment["TERM"] != "dumb" && environment["TERM"]?.isEmpty == false
                && (environment["NO_COLOR"] ?? "").isEmpty
        }
    }
}
