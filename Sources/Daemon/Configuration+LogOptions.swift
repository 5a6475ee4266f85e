// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

public import SegmentLog
public import SiteFiles

extension Configuration {
    /// What the configuration says of how streams are written.
    public var logOptions: LogOptions {
        var options = LogOptions()
        options.deflate = DeflateLibrary(rawValue: deflate.rawValue) ?? .auto
        return options
    }
}
