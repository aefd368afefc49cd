/** Bounds the time that is waited for a port which promises to end in time, and might not. @module */
import { later, type Timer } from './timer.ts'

/** Rejects when `work` has not settled after so many milliseconds; `work` is not stopped. */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: Timer | undefined
  const late = new Promise<never>((_, reject) => {
    timer = later(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
