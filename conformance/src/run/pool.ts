/** Works through a list with a bound on how many run at the same time. @module */

/** Calls `work` for each item in order, at most `bound` at a time; ends early when `isOver` says so. Rejects with the first error, after all that run have ended. */
export async function eachWithin<T>(
  items: readonly T[],
  bound: number,
  isOver: () => boolean,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const errors: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      if (errors.length > 0 || isOver()) return
      await work(item).catch((error: unknown) => errors.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, bound) }, worker))
  if (errors.length > 0) throw errors[0]
}
