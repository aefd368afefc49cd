/** From fields to bytes: the last layers of a request (RFC 9112). @module */
import { concat, fromHex, fromLatin1, latin1, utf8 } from './bytes.ts'
import { ChangeError } from './change-error.ts'
import { edited, guard, type Changes } from './changes.ts'
import { textOf } from './json.ts'
import type { Change, WireRequest, World } from './types.ts'
import { editText } from './text-edits.ts'
import { FIELD_EDITS, WIRE_EDITS, type Field } from './wire-edits.ts'

/** What was shown to the harness, and is sent unless the layer `sent` says otherwise. */
export interface Sendable {
  readonly method: string
  readonly target: string
  readonly contentType: string | null
  readonly content: Uint8Array
}

/** The request as it is to be sent: fields, then what is sent, then the bytes themselves. */
export function wireOf(changes: Changes, shown: Sendable, evidence: readonly Field[]): WireRequest {
  const type: readonly Field[] = shown.contentType === null ? [] : [['Content-Type', shown.contentType]]
  const fields = fieldsOf(changes, [...type, ...evidence])
  const sent = changes.object('sent', { method: shown.method, target: shown.target })
  const content = changes.bytes('content', shown.content)
  const request: WireRequest = { method: textOf(sent, 'method'), target: textOf(sent, 'target'), fields, content }
  const edit = changes
    .take('wire', ['edit'])
    .reduce((before, change) => guard(change, () => wireEdit(change, before, changes)), request)
  if (changes.take('wire', ['text', 'bytes', 'flip']).length === 0) return edit
  return { ...edit, raw: changes.bytes('wire', edit.raw ?? serialise(changes.moment.world, edit)) }
}

/** The bytes of a request over HTTP/1.1. `Host`, `Content-Length` and `Connection: close` are added where the fields do not have them. */
export function serialise(world: World, request: WireRequest): Uint8Array {
  if (request.raw !== undefined) return request.raw
  const names = new Set(request.fields.map(([name]) => name.toLowerCase()))
  const lines: Field[] = []
  if (!names.has('host')) lines.push(['Host', world.url.host])
  lines.push(...request.fields)
  const hasContent = request.content.length > 0 || ['POST', 'PUT', 'PATCH'].includes(request.method)
  if (hasContent && !names.has('content-length') && !names.has('transfer-encoding')) {
    lines.push(['Content-Length', String(request.content.length)])
  }
  if (!names.has('connection')) lines.push(['Connection', 'close'])
  const head = lines.map(([name, value]) =>
    concat(utf8(`${name}: `), typeof value === 'string' ? utf8(value) : value, utf8('\r\n')),
  )
  return concat(utf8(`${request.method} ${request.target} HTTP/1.1\r\n`), ...head, utf8('\r\n'), request.content)
}

function wireEdit(change: Change, request: WireRequest, changes: Changes): WireRequest {
  const edit = WIRE_EDITS[change.edit ?? '']
  if (edit === undefined) throw new ChangeError(`wire: there is no edit ${change.edit ?? ''}`)
  return edit(request, (changed) => serialise(changes.moment.world, changed), changes.options(change))
}

/** Field lines with changes by name: `/X-AEGIS-Token`. `set` replaces the first line, `remove` all, `add` puts one more at the end. */
function fieldsOf(changes: Changes, before: readonly Field[]): readonly Field[] {
  return changes.take('fields', ['set', 'remove', 'add', 'text', 'bytes', 'edit']).reduce((fields, change) => {
    if (change.op === 'edit') return fieldEdit(change, fields, changes)
    const name = (change.path ?? '').slice(1)
    const index = fields.findIndex(([other]) => other.toLowerCase() === name.toLowerCase())
    const value = (): Field[1] => fieldValue(change, changes)
    if (change.op === 'add') return [...fields, [name, value()] as const]
    if (change.op === 'set' && index === -1) return [...fields, [name, value()] as const]
    if (index === -1) throw new ChangeError(`fields: there is no line ${name}`)
    if (change.op === 'remove') return fields.filter(([other]) => other.toLowerCase() !== name.toLowerCase())
    if (change.op === 'text') return fields.with(index, [name, edited(change, lineText(fields[index]), changes.textOf(change))])
    return fields.with(index, [name, value()])
  }, before)
}

function fieldEdit(change: Change, fields: readonly Field[], changes: Changes): readonly Field[] {
  const edit = FIELD_EDITS[change.edit ?? '']
  const name = (change.path ?? '').slice(1)
  const value = changes.options(change)
  if (edit !== undefined) return edit(fields, name, value)
  const index = fields.findIndex(([other]) => other.toLowerCase() === name.toLowerCase())
  if (index === -1) throw new ChangeError(`fields: there is no line ${name}`)
  const made = guard(change, () => editText(change.edit, lineText(fields[index]), value))
  return fields.with(index, [fields[index]?.[0] ?? '', made])
}

function fieldValue(change: Change, changes: Changes): string | Uint8Array {
  return change.op === 'bytes' ? fromHex(changes.textOf(change)) : changes.textOf(change)
}

function lineText(field: Field | undefined): string {
  const value = field?.[1] ?? ''
  return typeof value === 'string' ? value : latin1(value)
}

/** The first bytes of a request up to and with a text; for edits that stop there. */
export function upTo(bytes: Uint8Array, end: string): number {
  return latin1(bytes).indexOf(latin1(fromLatin1(end))) + end.length
}
