/** Timers that keep no process alive, on runtimes whose timers are objects and on those where they are numbers. @module */

/** A timer as `clearTimeout` takes it. */
export type Timer = ReturnType<typeof setTimeout>

/** Calls `work` after so many milliseconds, unless the process has ended by then. */
export function later(work: () => void, milliseconds: number): Timer {
  const timer: unknown = setTimeout(work, milliseconds)
  if (hasUnref(timer)) timer.unref()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what setTimeout has returned
  return timer as Timer
}

/** Node, Bun and Deno's Node mode; a number has none. */
function hasUnref(timer: unknown): timer is { unref(): void } {
  return typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function'
}
