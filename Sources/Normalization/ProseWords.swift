// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import WireFormats

/// English words that stand where a name may stand in free wording: `user is trying`, `denied by policy`.
///
/// No account is called so; words that also name accounts (`system`, `service`, `guest`, `operator`) are not
/// here.
enum ProseWords {
    private static let table = NameTable(
        """
        a about access account accounts activity added after all already an and another any are as at \
        authenticated authentication authorisation authorization because been before being blocked \
        both but by can cannot changed client closed could created credential credentials data deleted \
        denied did disabled does during either enabled end error expired failed failure for from given \
        group groups had has have he her him his host id identity if in info information interaction \
        into invalid is it its itself joined left list lock locked log logged logging login logoff \
        logon logout made may must name named names new no nobody none nor not now of off on one only \
        or other our out over password passwords peer permission permissions policy privilege \
        privileges profile reason remote removed request requested requests rights role roles rule \
        rules seen server session sessions set she should since so some somebody someone still than \
        that the their them then there they this those through timed timeout timer to too tried tries \
        trying two type unable unauthorised unauthorized under unknown until up used using valid via \
        was were when where which while who whose will with within without would you your
        """.split(separator: " ").map(String.init)
    )

    private static let lengthMax = 16

    /// Whether the text at `range` is one of them, in any case of letters, or nothing but marks.
    static func contains(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= lengthMax else { return false }
        var lower = InlineArray<16, UInt8>(repeating: 0)
        var isWord = false
        for (lane, index) in zip(0..., range) {
            lower[lane] = bytes[index].folded
            if bytes[index].isWordByte || bytes[index] >= 0x80 { isWord = true }
        }
        return !isWord || table.number(lower.span, 0..<range.count) != nil
    }
}
