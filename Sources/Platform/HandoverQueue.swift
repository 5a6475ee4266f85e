// SPDX-License-Identifier: Apache-2.0
// This file is part of Wardline.

import Glibc

/// A bounded queue between threads: a full one makes the giver wait, an empty one the taker.
///
/// Capacity is counted in weight, chosen by the user (bytes, records). One element heavier than the whole
/// capacity is taken when the queue is empty, so nothing waits for ever. After ``close()`` giving is refused
/// and taking drains.
///
/// `@unchecked Sendable`: every stored property is touched only between lock and unlock of `mutex`.
@safe public final class HandoverQueue<Element: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private let capacity: Int
    private var elements: [(element: Element, weight: Int)] = []
    private var head = 0
    private var weightHeld = 0
    private var isClosedNow = false

    /// Makes an empty queue that holds at most `capacity` weight.
    public init(capacity: Int) {
        precondition(capacity > 0, "a queue holds something")
        self.capacity = capacity
        // Valid: both are initialised once here and destroyed in deinit.
        unsafe mutex = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        unsafe changed.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // Valid: nobody else holds a reference any more.
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(mutex)
        unsafe changed.deallocate()
        unsafe mutex.deallocate()
    }

    /// Gives one element; waits while the queue is full.
    ///
    /// With `bound` it waits until that much weight holds it too: others may then fill the rest.
    ///
    /// - Returns: False when the queue is closed; the element was not taken.
    public func put(_ element: Element, weight: Int, within bound: Int = .max) -> Bool {
        lock()
        defer { unlock() }
        while !isClosedNow && !fits(weight, within: bound) { unsafe _ = pthread_cond_wait(changed, mutex) }
        guard !isClosedNow else { return false }
        add(element, weight)
        return true
    }

    /// Gives one element if it fits now.
    ///
    /// - Returns: False when the queue is full or closed; the element was not taken.
    public func tryPut(_ element: Element, weight: Int) -> Bool {
        lock()
        defer { unlock() }
        guard !isClosedNow, fits(weight) else { return false }
        add(element, weight)
        return true
    }

    /// Takes the oldest element; waits while the queue is empty and open.
    ///
    /// - Returns: Nil when the queue is closed and empty.
    public func take() -> Element? {
        lock()
        defer { unlock() }
        while !isClosedNow && head == elements.count { unsafe _ = pthread_cond_wait(changed, mutex) }
        return removeFirst()
    }

    /// Takes the oldest element; waits at most `nanoseconds`.
    ///
    /// - Returns: Nil when nothing came in time, or the queue is closed and empty; see ``isClosed``.
    public func take(waitingNanoseconds nanoseconds: Int64) -> Element? {
        let end = monotonicNanoseconds() &+ max(0, nanoseconds)
        var deadline = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
        lock()
        defer { unlock() }
        while !isClosedNow && head == elements.count {
            if unsafe pthread_cond_timedwait(changed, mutex, &deadline) == ETIMEDOUT { break }
        }
        return removeFirst()
    }

    /// Takes everything that is there now, oldest first, without waiting.
    public func takeAll() -> [Element] {
        lock()
        defer { unlock() }
        var all: [Element] = []
        while let element = removeFirst() { all.append(element) }
        return all
    }

    /// Refuses further elements; what is held can still be taken.
    public func close() {
        lock()
        isClosedNow = true
        unsafe _ = pthread_cond_broadcast(changed)
        unlock()
    }

    /// Whether ``close()`` was called.
    public var isClosed: Bool {
        lock()
        defer { unlock() }
        return isClosedNow
    }

    /// Weight held now.
    public var weight: Int {
        lock()
        defer { unlock() }
        return weightHeld
    }

    /// Elements held now.
    public var count: Int {
        lock()
        defer { unlock() }
        return elements.count - head
    }

    private func fits(_ weight: Int, within bound: Int = .max) -> Bool {
        head == elements.count || weightHeld + weight <= min(capacity, bound)
    }

    private func add(_ element: Element, _ weight: Int) {
        elements.append((element, weight))
        weightHeld += weight
        unsafe _ = pthread_cond_broadcast(changed)
    }

    private func removeFirst() -> Element? {
        guard head < elements.count else { return nil }
        let (element, weight) = elements[head]
        head += 1
        weightHeld -= weight
        // Moving the rest only when half is gone keeps the cost constant per element and frees what was
        // taken.
        if head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        unsafe _ = pthread_cond_broadcast(changed)
        return element
    }

    // Valid in both: `mutex` is initialised for as long as this object lives.
    private func lock() { unsafe _ = pthread_mutex_lock(mutex) }

    private func unlock() { unsafe _ = pthread_mutex_unlock(mutex) }
}
