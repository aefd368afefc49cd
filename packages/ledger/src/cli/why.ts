/** The command `why`: gathers what a log or a receipt shows about one decision, verified (spec chapter 17.12). @module */
import { existsSync } from 'node:fs'
import {
  checkReceipt,
  decodeBase64url,
  decodeJws,
  DECISION_TYPE,
  defaultCrypto,
  equal,
  isObject,
  leafOfToken,
  decodeToken,
  Malformed,
  parseDidKey,
  parseJson,
  parseProof,
  TOKEN_TYPE,
  verifyJws,
  type CryptoPort,
  type CheckedReceipt,
  type Ed25519PublicKey,
  type JsonObject,
  type ReceiptTrust,
} from '@aiegis/protocol'
import { BrokenLog } from '../verify-log.ts'
import { MAX_FILE } from './check.ts'
import type { Command } from './commands.ts'
import { clearOf, indexOf, objectIn, readLeaf, textIn } from './entries.ts'
import { NotThere } from './failures.ts'
import { bytesOfFile } from './files.ts'
import { createProver } from './heads.ts'
import { CODES, JSON_OPTION, KEYS, WHERE } from './help.ts'
import { trustOf } from './keys.ts'
import { withLog, type OpenLog } from './one-log.ts'
import type { Values } from './options.ts'
import { whyMembers, whyPage, type Known } from './why-page.ts'

export const why: Command = {
  line: 'why RECEIPT',
  summary: 'one page: which agent, what authority, which policy, what decision',
  help: `usage: aiegis-ledger why FILE [--trust FILE] [--db WHERE | --url URL]
       aiegis-ledger why INDEX|RECEIPT_ID [--db WHERE | --url URL] (--vkey VKEY | --trust FILE)

FILE is a receipt (context.receipt()); with --db or --url it is looked for in that log too. A
decision that is named by its receipt id or number is read from the log, with its clear text as
long as nobody erased it. What cannot be told is said. With --trust also the signature of the
harness is verified.

${WHERE}
${KEYS}
${JSON_OPTION}
${CODES}`,
  options: ['db', 'url', 'vkey', 'trust', 'former-vkey'],
  words: [1, 1],
  async run({ values, words }, output) {
    const word = words[0] ?? ''
    const known = /^[0-9]+$/.test(word) || !existsSync(word) ? await fromLog(values, word) : await fromReceipt(values, word)
    output.tell('why', whyMembers(known), whyPage(known))
    return 0
  },
}

const NEVER_KNOWN = [
  'whether the request was carried out',
  'whether the policy was right, and what the pack said then: the log has its name, not its text',
  'which person or company stands behind a key: passports say it, and the log has their hash only',
]

async function fromReceipt(values: Values, path: string): Promise<Known> {
  const crypto = defaultCrypto()
  const checked = await checkReceipt(crypto, await bytesOfFile(path, MAX_FILE), await trustOf(crypto, values))
  const { claims, head, harnessKey, cosigned } = checked
  const index = Number(head.index)
  const isInLog = values.db !== undefined || values.url !== undefined
  const chain = isInLog ? await withLog(values, (log) => sameEntry(log, index, checked)) : undefined
  const taken = [harnessKey.from === 'receipt' ? harnessKey.kid : '', head.from === 'receipt' ? head.origin : ''].filter(
    (name) => name !== '',
  )
  return {
    index,
    origin: head.origin,
    size: Number(head.size),
    claims: { ...claims, cnf: { ...claims.cnf }, entry: { ...claims.entry } },
    chain,
    leafEntry: undefined,
    proven: [
      `${claims.iss} signed this decision with ${harnessKey.kid}`,
      `it is entry ${head.index} under a head of ${head.origin} over ${head.size} entries`,
      ...(isInLog ? ['the log that was named still has exactly this entry'] : []),
      ...(cosigned.length === 0 ? [] : [`${cosigned.length} witnesses signed that head`]),
    ],
    notKnown: [
      ...(taken.length === 0
        ? []
        : [`whose keys those of ${taken.join(' and ')} are: they were taken from the receipt (--trust)`]),
      ...(isInLog ? [] : ['whether the log still has it: name the log with --db or --url']),
      ...(chain === undefined ? ['on whose behalf the agent acted: a receipt has the hash of the chain only'] : []),
      ...NEVER_KNOWN,
    ],
  }
}

/** The chain in the clear text of the same entry. Throws `BrokenLog` where the log has another one in its place. */
async function sameEntry(
  log: OpenLog,
  index: number,
  { claims, receipt }: CheckedReceipt,
): Promise<readonly string[] | undefined> {
  const { crypto, source, head } = log
  const { origin } = parseProof(receipt.proof).checkpoint
  if (origin !== head.origin) throw new BrokenLog(`the receipt is of log ${origin}, not of ${head.origin}`)
  if (BigInt(index) >= head.size) throw new BrokenLog(`the receipt is of entry ${index}, and the log ends after ${head.size}`)
  const { leaf } = await createProver(crypto, source, head)(index)
  const { kid, signatureText, bytes } = decodeToken(receipt.token)
  if (!equal(leaf, leafOfToken(crypto, { claims, kid, signatureText, bytes })))
    throw new BrokenLog(`entry ${index} of ${origin} is another one than that of the receipt`, { index })
  const { value, opens } = await clearOf(crypto, source, index, leaf)
  return opens ? chainIn(value) : undefined
}

async function fromLog(values: Values, word: string): Promise<Known> {
  return withLog(values, async (log) => {
    const { crypto, source, head } = log
    const index = await indexOf(log, word)
    const { leaf } = await createProver(crypto, source, head)(index)
    const leafEntry = objectIn(readLeaf(leaf), 'entry')
    if (leafEntry === undefined) throw new NotThere(`entry ${index} is no decision; show it with the command show`)
    const { state, value, opens } = await clearOf(crypto, source, index, leaf)
    if (state === 'there' && !opens)
      throw new BrokenLog(`the clear text of entry ${index} does not open its leaf; it was changed, and says nothing`, { index })
    const base = { index, origin: head.origin, size: Number(head.size), leafEntry }
    const inLog = `${head.origin} has this entry under a head that its key signed`
    if (value === undefined) {
      const gone =
        state === 'gone'
          ? 'everything that is hidden in the leaf: its clear text was erased, or never kept'
          : 'everything that is hidden in the leaf: its clear text is with the operator of the log'
      return { ...base, claims: undefined, chain: undefined, proven: [inLog], notKnown: [gone, ...NEVER_KNOWN] }
    }
    const jws = textIn(value, 'jws') ?? ''
    const signed = await signatureOf(crypto, jws, await trustOf(crypto, values))
    return {
      ...base,
      claims: claimsOf(jws),
      chain: chainIn(value),
      proven: [
        inLog,
        'the values shown here open its commitments, and the signed text is the one that it names',
        ...(signed.isProven ? [signed.sentence] : []),
      ],
      notKnown: [
        ...(signed.isProven ? [] : [signed.sentence]),
        'whether the chain is the one of the passport: who else acted is the word of the harness',
        ...NEVER_KNOWN,
      ],
    }
  })
}

/** Agents from the principal to who asked. */
function chainIn(clear: JsonObject | undefined): readonly string[] | undefined {
  const chain = clear?.['chain']
  return Array.isArray(chain) ? chain.filter((name): name is string => typeof name === 'string') : undefined
}

const MAX_JWS = 65_535

/** The claims of a signed text whose hash is in the leaf. Throws `Malformed`. */
function claimsOf(jws: string): JsonObject {
  const claims = parseJson(decodeBase64url(jws.split('.')[1] ?? ''), { maxBytes: MAX_JWS })
  if (!isObject(claims)) throw new Malformed('the signed text has no claims')
  return claims
}

/** Whose signature the text has, as far as this caller can know the key. */
async function signatureOf(
  crypto: CryptoPort,
  text: string,
  trust: ReceiptTrust | undefined,
): Promise<{ readonly isProven: boolean; readonly sentence: string }> {
  const typ = typOf(text)
  const jws = decodeJws(text, { typ, maxBytes: MAX_JWS })
  const pinned = trust?.harnessKey(jws.signer, jws.kid)
  const key = pinned === undefined || pinned === 'from receipt' ? keyInName(jws.signer) : pinned
  if (key === undefined) return { isProven: false, sentence: `whether ${jws.kid} signed it: that key was not given (--trust)` }
  if ((await verifyJws(crypto, jws, key)) === undefined) throw new BrokenLog('the signature of the harness does not verify')
  return { isProven: true, sentence: `${jws.signer} signed this decision with ${jws.kid}` }
}

function typOf(text: string): string {
  const header = parseJson(decodeBase64url(text.split('.')[0] ?? ''), { maxBytes: MAX_JWS })
  return isObject(header) && header['typ'] === DECISION_TYPE ? DECISION_TYPE : TOKEN_TYPE
}

/** A did:key is its key. */
function keyInName(did: string): Ed25519PublicKey | undefined {
  return did.startsWith('did:key:') ? parseDidKey(did) : undefined
}
