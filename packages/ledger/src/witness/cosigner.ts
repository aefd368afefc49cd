/** Collects the cosignatures of a head before it is released, and stops a log that its witnesses know better (spec chapter 17.8). @module */
import {
  formatNote,
  parseCheckpoint,
  toHex,
  WITNESS_KEY_TYPE,
  type Checkpoint,
  type CryptoPort,
  type Vkey,
} from '@aiegis/protocol'
import { NotAnswering } from '../store.ts'
import { createWitnessClient, fetchHead, type LogName, type WantedHead, type WitnessReply } from './client.ts'

/** The witnesses of a log and how many must have signed. */
export interface WitnessPolicy {
  /** At most 8, since a proof has room for no more. Each key once. */
  readonly witnesses: readonly { readonly url: string; readonly vkey: Vkey }[]
  /** From 1 to the number of witnesses. */
  readonly quorum: number
  /**
   * What happens to a head that the quorum did not sign: `refuse` (when absent) releases nothing under it, `release-uncosigned` releases it
   * with what signatures there are, which receivers refuse that ask for `cosigned`.
   */
  readonly onMissing?: 'refuse' | 'release-uncosigned'
  /** Milliseconds for one question to one witness; 1,000 when absent. */
  readonly timeoutMs?: number
  readonly fetch?: typeof fetch
}

/** Gets heads cosigned. */
export interface Cosigner {
  /**
   * The head with the lines of the witnesses. Rejects with `NotAnswering` without a quorum, `Overtaken` where a witness has a larger head,
   * and `Error` where it shows another tree that the key of the log signed: then the log must not sign any more.
   */
  cosign(head: WantedHead): Promise<string>
  /** Heads of this log that witnesses show, as far as they answer. Rejects with `NotAnswering` when fewer than the quorum do. */
  shown(): Promise<readonly Checkpoint[]>
}

/** A witness has a larger head: of another process, or from before this copy of the log was made. */
export class Overtaken extends NotAnswering {
  override readonly name: string = 'Overtaken'
  /** Whether it showed that head, signed by the key of the log. */
  readonly isProven: boolean
  constructor(message: string, isProven: boolean) {
    super(message)
    this.isProven = isProven
  }
}

const MAX_WITNESSES = 8
const TIMEOUT_MS = 1_000

/** The cosigner. Throws `TypeError` for a policy that cannot be met or that counts a key twice. `now` is epoch milliseconds. */
export function createCosigner(policy: WitnessPolicy, log: LogName, crypto: CryptoPort, now: () => number): Cosigner {
  checkPolicy(policy)
  const { quorum, onMissing = 'refuse', timeoutMs = TIMEOUT_MS, fetch: request = fetch } = policy
  const peers = policy.witnesses.map(({ url, vkey }) => ({
    url,
    name: vkey.name,
    ask: createWitnessClient({ url, vkey, log, timeoutMs, crypto, now, fetch: request }),
    /** Whether its last answer was none: then nobody waits for it once the others are enough. */
    isDown: false,
  }))

  function judge(head: WantedHead, replies: readonly Named[]): string {
    for (const { name, reply } of replies) {
      if (reply.kind === 'contradicted' && reply.isProven)
        throw new Error(
          `ledger: witness ${name} does not sign the head over ${head.size} entries: ${reply.reason}; the log must not go on`,
        )
      if (reply.kind === 'ahead' && reply.isProven) throw overtaken(head, name, reply.size, true)
    }
    const lines = replies.flatMap(({ reply }) => (reply.kind === 'cosigned' ? [reply.line] : []))
    // One witness that says no without showing why stops nobody, as long as enough others sign. Without them nothing is released, whatever
    // the policy: it may be right.
    if (lines.length < quorum) {
      for (const { name, reply } of replies) if (reply.kind === 'ahead') throw overtaken(head, name, reply.size, false)
      const no = replies.some(({ reply }) => reply.kind === 'contradicted')
      if (no || onMissing === 'refuse')
        throw new NotAnswering(`${lines.length} of ${quorum} witnesses signed the head${reasonsIn(replies)}`)
    }
    const { text, signatures } = parseCheckpoint(head.note).note
    return formatNote(text, [...signatures, ...lines])
  }

  async function ask(peer: (typeof peers)[number], head: WantedHead): Promise<Named> {
    const reply = await peer.ask(head)
    peer.isDown = reply.kind === 'failed'
    return { name: peer.name, reply }
  }

  return {
    async cosign(head) {
      const down = peers.filter(({ isDown }) => isDown)
      const first = peers.filter(({ isDown }) => !isDown).map((peer) => ask(peer, head))
      const late = down.map((peer) => ask(peer, head))
      const replies = await Promise.all(first)
      const isEnough = replies.filter(({ reply }) => reply.kind === 'cosigned').length >= quorum
      return judge(head, isEnough ? replies : [...replies, ...(await Promise.all(late))])
    },
    async shown() {
      const answers = await Promise.allSettled(peers.map(({ url }) => fetchHead({ url, timeoutMs, log, crypto, fetch: request })))
      const reached = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
      if (reached.length < quorum) throw new NotAnswering(`${reached.length} of ${quorum} witnesses answered`)
      return reached.flatMap((head) => (head === undefined ? [] : [head]))
    },
  }
}

interface Named {
  readonly name: string
  readonly reply: WitnessReply
}

function overtaken({ size }: WantedHead, name: string, theirs: bigint, isProven: boolean): Overtaken {
  return new Overtaken(
    `witness ${name} has signed ${theirs} entries of this log, and here are ${size}; going on with an old copy would fork the log`,
    isProven,
  )
}

function reasonsIn(replies: readonly Named[]): string {
  const reasons = replies.flatMap(({ name, reply }) => ('reason' in reply ? [`${name}: ${reply.reason}`] : []))
  return reasons.length === 0 ? '' : ` (${reasons.join('; ')})`
}

/** Throws `TypeError` for a policy that cannot be met or that counts a key twice. */
export function checkPolicy({ witnesses, quorum }: WitnessPolicy): void {
  if (witnesses.length < 1 || witnesses.length > MAX_WITNESSES)
    throw new TypeError(`witnesses: from 1 to ${MAX_WITNESSES}, not ${witnesses.length}`)
  if (!Number.isInteger(quorum) || quorum < 1 || quorum > witnesses.length)
    throw new TypeError(`witnesses: a quorum from 1 to ${witnesses.length}, not ${quorum}`)
  // One key under two names is one witness.
  if (new Set(witnesses.map(({ vkey }) => toHex(vkey.key.bytes))).size < witnesses.length)
    throw new TypeError('witnesses: a key stands twice')
  for (const { url, vkey } of witnesses) {
    if (vkey.type !== WITNESS_KEY_TYPE) throw new TypeError(`${vkey.text} is not the key of a witness`)
    const { protocol, hostname } = new URL(url)
    const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
    if (protocol !== 'https:' && !(protocol === 'http:' && isLocal))
      throw new TypeError(`${url}: write an https URL, or http to loopback`)
    if (url.endsWith('/')) throw new TypeError(`${url}: write it without a final slash`)
  }
}
