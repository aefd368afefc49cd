/** Cuts a stream of bytes into lines with a bound, so that no sender decides how much memory is held. @module */

/** Each line without its line feed; `undefined` once for a line of more than `maxBytes`. The last line needs no line feed. */
export async function* linesOf(source: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array | undefined> {
  let parts: Uint8Array[] = []
  let size = 0
  const take = (part: Uint8Array): void => {
    size += part.length
    if (size > maxBytes) parts = []
    else parts.push(part)
  }
  const line = (): Uint8Array | undefined => {
    const whole = size > maxBytes ? undefined : Buffer.concat(parts, size)
    parts = []
    size = 0
    return whole
  }
  for await (const chunk of source) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      take(chunk.subarray(start, end))
      yield line()
      start = end + 1
    }
    if (start < chunk.length) take(chunk.subarray(start))
  }
  if (size > 0) yield line()
}
