// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Normalization

/// Site keys of commands that only read.
enum SiteKeys {
    /// Makes tokens that match no stored ones: a reader has no right to the site's secret.
    static let reading = SiteKey(id: "reading", secret: [])
}
