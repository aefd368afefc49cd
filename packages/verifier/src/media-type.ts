/** Reads the media type of an answer (RFC 9110 §8.3.1). @module */

/** The type without its parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  const [type = ''] = contentType.split(';', 1)
  return type.trim().toLowerCase()
}
