/** Asks one witness for its cosignature, and believes nothing of the answer but a signature under its pinned key (c2sp.org/tlog-witness; spec chapter 17.8). @module */
import {
  decodeUtf8,
  equal,
  Malformed,
  parseCheckpoint,
  parseDecimal,
  toHex,
  utf8,
  verifyCheckpoint,
  verifyCosignature,
  type Checkpoint,
  type CryptoPort,
  type NoteSignature,
  type Vkey,
} from '@aiegis/protocol'
import { formatAddCheckpoint, SIZE_TYPE } from './messages.ts'

/** A head for which a cosignature is wanted. */
export interface WantedHead {
  /** Note with the signature of the log alone. */
  readonly note: string
  readonly size: bigint
  /** Path that shows `old` entries, at least one and fewer than `size`, to be the start of this head. */
  consistency(old: bigint): Promise<readonly Uint8Array[]>
  /** Root over the first `count` entries, at least one and at most `size`. */
  root(count: bigint): Promise<Uint8Array>
}

/** What came of asking. */
export type WitnessReply =
  | { readonly kind: 'cosigned'; readonly line: NoteSignature }
  /** It signed a larger head. `isProven` when it shows one that the key of the log signed. */
  | { readonly kind: 'ahead'; readonly size: bigint; readonly isProven: boolean }
  /** It signed another tree. `isProven` when it shows a head that the key of the log signed and that is not in this tree. */
  | { readonly kind: 'contradicted'; readonly reason: string; readonly isProven: boolean }
  | { readonly kind: 'failed'; readonly reason: string }

/** Which log it is about. */
export interface LogName {
  readonly origin: string
  readonly vkey: Vkey
}

/** Where a witness is and how long it may take. */
export interface WitnessClientOptions {
  /** Submission prefix, without a final slash. */
  readonly url: string
  readonly vkey: Vkey
  readonly log: LogName
  readonly timeoutMs: number
  readonly crypto: CryptoPort
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly fetch: typeof fetch
}

/** Asks one witness, one question at a time. Never rejects. */
export type WitnessClient = (head: WantedHead) => Promise<WitnessReply>

/** A guess, what the witness said, and once more where somebody else was faster. */
const ATTEMPTS = 4
const MAX_ANSWER = 16_384
/** Seconds that the clock of a witness may be ahead: receivers allow no more. */
const SKEW_SECONDS = 5n

/** The client for one witness. It remembers the size that the witness had last. */
export function createWitnessClient(options: WitnessClientOptions): WitnessClient {
  let known: bigint | undefined
  let before: Promise<unknown> = Promise.resolve()

  async function ask(head: WantedHead): Promise<WitnessReply> {
    // The size itself is the best guess: it needs no proof, and where it is wrong the witness says what is right.
    let old = known !== undefined && known <= head.size ? known : head.size
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const path = old === 0n || old === head.size ? [] : await head.consistency(old)
      const answer = await post(options, formatAddCheckpoint(old, path, head.note))
      if (answer.status === 200) {
        const line = await findCosignature(options, head.note, answer.body)
        if (line === undefined) return failed('no cosignature of its key in its answer')
        known = head.size
        return { kind: 'cosigned', line }
      }
      if (answer.status === 409 && answer.type === SIZE_TYPE) {
        const size = sizeIn(answer.body)
        if (size === undefined) return failed('a size that is no number')
        if (size > head.size) return { kind: 'ahead', size, isProven: ((await shown(options))?.size ?? 0n) > head.size }
        // The same size again: not what it knows, but what it does not like.
        if (size === old) return contradicted(options, head, old)
        known = size
        old = size
        continue
      }
      if (answer.status === 422 || answer.status === 409) return contradicted(options, head, old)
      return failed(`it answered ${answer.status}`)
    }
    return failed('its size changed with every question')
  }

  return (head) => {
    const mine = before
      .then(() => ask(head))
      .catch((error: unknown) => failed(error instanceof Error ? error.message : String(error)))
    before = mine
    return mine
  }
}

/** Anybody can say no; a head that the key of the log signed and that is not in this tree shows that there are two. */
async function contradicted(options: WitnessClientOptions, head: WantedHead, old: bigint): Promise<WitnessReply> {
  const other = await shown(options)
  const isIn =
    other === undefined || other.size === 0n || other.size > head.size || equal(await head.root(other.size), other.root)
  return { kind: 'contradicted', reason: `its head of ${old} entries is not the start of this one`, isProven: !isIn }
}

/** The head that it shows, if the key of the log signed it. */
async function shown(options: WitnessClientOptions): Promise<Checkpoint | undefined> {
  return fetchHead(options).catch(() => undefined)
}

/**
 * The head that a witness shows, `undefined` where it shows none. Rejects when it does not answer, and with `Malformed` for what the
 * key of the log did not sign.
 */
export async function fetchHead({
  url,
  timeoutMs,
  crypto,
  log,
  fetch: request,
}: Omit<WitnessClientOptions, 'vkey' | 'now'>): Promise<Checkpoint | undefined> {
  const address = `${url}/${toHex(crypto.sha256(utf8(log.origin)))}/checkpoint`
  const response = await request(address, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
  const body = await readBody(response)
  if (response.status !== 200) return undefined
  const head = parseCheckpoint(decodeUtf8(body))
  if ((await verifyCheckpoint(crypto, head, log.origin, log.vkey)) !== 'ok')
    throw new Malformed(`${address} is a head that the log did not sign`)
  return head
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: Uint8Array
}

async function post({ url, timeoutMs, fetch: request }: WitnessClientOptions, body: string): Promise<Answer> {
  const response = await request(`${url}/add-checkpoint`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    // Only who is named is asked.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  const [type = ''] = (response.headers.get('Content-Type') ?? '').split(';')
  return { status: response.status, type: type.trim(), body: await readBody(response) }
}

/** At most so many bytes. Throws `Malformed` for more. */
async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_ANSWER) throw new Malformed(`an answer over ${MAX_ANSWER} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** The line of this witness that verifies over this head and is not from the future. Lines of other keys are passed over. */
async function findCosignature(
  { crypto, vkey, now }: WitnessClientOptions,
  note: string,
  body: Uint8Array,
): Promise<NoteSignature | undefined> {
  const cosigned = parseCheckpoint(note + decodeUtf8(body))
  const verdict = await verifyCosignature(crypto, cosigned, vkey)
  if (verdict.verdict !== 'ok' || verdict.seconds > BigInt(Math.floor(now() / 1000)) + SKEW_SECONDS) return undefined
  return cosigned.note.signatures.find(({ id, name }) => id === vkey.id && name === vkey.name)
}

function sizeIn(body: Uint8Array): bigint | undefined {
  try {
    return parseDecimal(decodeUtf8(body).replace(/\n$/, ''))
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

function failed(reason: string): WitnessReply {
  return { kind: 'failed', reason }
}
