/** Header fields that have one reading, or are refused (spec chapters 15.1 and 19). @module */
import { Refusal } from '@aiegis/protocol'

/** Values by name in lower case, one for each line. */
export type Fields = ReadonlyMap<string, readonly string[]>

/** The fields in header lines as Node gives them: name, value, name, value, … */
export function fieldsOf(lines: readonly string[]): Fields {
  const fields = new Map<string, string[]>()
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = (lines[at] ?? '').toLowerCase()
    fields.set(name, [...(fields.get(name) ?? []), lines[at + 1] ?? ''])
  }
  return fields
}

/** The value of a field that has one. Throws `ask_malformed` when it comes twice. */
export function singleOf(fields: Fields, name: string): string | undefined {
  const [value, second] = fields.get(name) ?? []
  if (second !== undefined) throw new Refusal('ask_malformed', `two lines of ${name}`)
  return value
}

/** Throws `ask_media_type` unless the content is `application/json` without content coding. */
export function checkMediaType(fields: Fields): void {
  if (fields.has('content-encoding')) throw new Refusal('ask_media_type', 'the content is encoded')
  if (mediaTypeOf(singleOf(fields, 'content-type') ?? '') !== 'application/json')
    throw new Refusal('ask_media_type', 'the content is no application/json')
}

/** The secret of `Authorization: Bearer` (RFC 6750 §2.1), or `undefined` when there is none in this form. */
export function bearerOf(lines: readonly string[]): string | undefined {
  return /^Bearer ([A-Za-z0-9._~+/-]{1,256}=*)$/i.exec(singleOf(fieldsOf(lines), 'authorization') ?? '')?.[1]
}

/** The part of a `Content-Type` before its first `;`, without spaces and in lower case. */
function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}
