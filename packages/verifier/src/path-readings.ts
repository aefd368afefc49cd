/** What routers make of one path (spec chapter 11.1). @module */

/**
 * A path (without query) in each reading: as sent, with escapes read, all or but for delimiters or but for `%`, with an escaped `\` for `/`,
 * and each of them up to a `;` or without parameters of segments.
 */
export function readingsOf(path: string): readonly string[] {
  if (!/[%;]/.test(path)) return [path]
  const whole = readEscapes(path, decodeURIComponent)
  const decoded = [
    path,
    readEscapes(path, decodeURI),
    readEscapes(path.replaceAll('%25', '%2525'), decodeURI),
    whole,
    whole.replaceAll('\\', '/'),
  ]
  return [...new Set(decoded.flatMap((text) => [text, text.replace(/;.*$/s, ''), text.replaceAll(/;[^/]*/g, '')]))]
}

/** Text with its escapes read; those that are no UTF-8 stay. */
export function readEscapes(text: string, decode: (escapes: string) => string): string {
  return text.replaceAll(/(?:%[0-9A-F]{2})+/gi, (escapes) => {
    try {
      return decode(escapes)
    } catch {
      return escapes // URIError
    }
  })
}
