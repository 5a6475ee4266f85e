// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import EventModel
import QueryEngine

extension StoreParts {
    /// Says on standard error that stored events could not be taken as they are, if there were any.
    func warnOfNewerEvents() {
        guard let newest = newerSchema else { return }
        Messages.warning(
            "some events are of version \(newest) of the event schema and this Wardline knows up to "
                + "\(EventSchema.version): they were decoded again from their records; the version that "
                + "wrote them reads them as stored"
        )
    }
}
