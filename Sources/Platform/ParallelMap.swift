// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Synchronization

/// Applies `transform` to each of `items` on as many threads as there are processors, this one among them.
///
/// For work that takes milliseconds an item. Where the system has no more threads, fewer do it.
///
/// - Returns: The answers, in the order of `items`.
public func mapInParallel<Item: Sendable, Answer: Sendable>(
    _ items: [Item],
    _ transform: @escaping @Sendable (Item) -> Answer
) -> [Answer] {
    let work = ParallelWork(items, transform)
    var helpers: [WorkerThread] = []
    for _ in 1..<max(1, min(processorCount(), items.count)) {
        guard let helper = try? WorkerThread("wl-map", { work.run() }) else { break }
        helpers.append(helper)
    }
    work.run()
    for helper in helpers { helper.join() }
    return work.answers
}

private final class ParallelWork<Item: Sendable, Answer: Sendable>: Sendable {
    private let items: [Item]
    private let transform: @Sendable (Item) -> Answer
    private let next = Atomic(0)
    private let found: Mutex<[(index: Int, answer: Answer)]>

    init(_ items: [Item], _ transform: @escaping @Sendable (Item) -> Answer) {
        self.items = items
        self.transform = transform
        found = Mutex([])
    }

    /// Takes items until there are none left.
    func run() {
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard index < items.count else { return }
            let answer = transform(items[index])
            found.withLock { $0.append((index, answer)) }
        }
    }

    var answers: [Answer] { found.withLock { $0 }.sorted { $0.index < $1.index }.map(\.answer) }
}
