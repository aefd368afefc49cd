/** Values that somebody else sent: what they are, and how they are shown in a sentence. @module */

/** Whether a value is an object with members. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value of JSON in a sentence, not longer than a line. */
export function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'absent').slice(0, 160)
}

/** The JSON object that some bytes are; `undefined` for anything else. */
export function objectIn(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
