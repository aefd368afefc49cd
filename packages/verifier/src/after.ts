/** Goes on at once with a value and later with a promise, so that a synchronous crypto engine keeps the road synchronous. @module */

/** `next(value)` now when `value` is there, when it arrives otherwise. What either throws reaches the caller in the same way as `value`. */
export function after<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
