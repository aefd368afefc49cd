/** The commands `verify` and `audit`: hash a log again, and hold it against a checkpoint that somebody remembers (spec chapter 17.12). @module */
import { encodeBase64, utf8, type Checkpoint, type JsonValue } from '@aiegis/protocol'
import { nodeFiles, replaceFile } from '../file-port.ts'
import { verifyLog } from '../verify-log.ts'
import type { Command } from './commands.ts'
import { WrongCall, type ExitCode } from './failures.ts'
import { bytesOfFile, reasonOf } from './files.ts'
import { rememberedHead } from './heads.ts'
import { CODES, JSON_OPTION, KEYS, WHERE } from './help.ts'
import { withLog, type OpenLog } from './one-log.ts'
import { countIn, type Values } from './options.ts'
import type { Output } from './output.ts'

const KEEP = `  --keep FILE     write the head there when all holds: remember it for the next audit
  --minimum N     the first entry that the log publishes, where its operator publishes old
                  ones no more`

export const verify: Command = {
  line: 'verify',
  summary: 'hash every entry again, and hold all of it against the signed head',
  help: `usage: aiegis-ledger verify [--db WHERE | --url URL] (--vkey VKEY | --trust FILE) [--keep FILE]
       [--json]

Hashes every entry again and compares the tree with every tile, every head that is kept, and the
newest signed one. Where something differs it says which entry is the first, as far as that can
be told. Needs no more memory for a longer log. It finds what was changed under a head that was
signed. Who has the key of the log can sign another history: that shows only against a
checkpoint that somebody remembers (audit).

${WHERE}
${KEYS}
${KEEP}
${JSON_OPTION}
${CODES}`,
  options: ['db', 'url', 'vkey', 'trust', 'former-vkey', 'keep', 'minimum'],
  words: [0, 0],
  run: ({ values }, output) => withLog(values, (log) => hashAgain(log, values, output, undefined)),
}

export const audit: Command = {
  line: 'audit --since FILE',
  summary: 'show that the log still begins with what somebody remembers',
  help: `usage: aiegis-ledger audit --since FILE [--db WHERE | --url URL] (--vkey VKEY | --trust FILE)
       [--keep FILE] [--json]

FILE has a checkpoint that you remember: one that --keep wrote, the file last-checkpoint of a
server, a proof, or a receipt. Shows that the log still begins with the entries under it.
Neither its operator nor a thief of its key can change one of them, take one out, or put back an
old copy without being found here. Of a database every row is hashed again, and its tables and
triggers are compared with those of a log. Of a URL the entries since FILE are read, and of
those before it only hashes.

${WHERE}
${KEYS}
${KEEP}
${JSON_OPTION}
${CODES}`,
  options: ['db', 'url', 'vkey', 'trust', 'former-vkey', 'since', 'keep', 'minimum'],
  words: [0, 0],
  async run({ values }, output) {
    const { since } = values
    if (since === undefined) throw new WrongCall('name the file with the remembered checkpoint with --since')
    const file = await bytesOfFile(since, MAX_REMEMBERED)
    return withLog(values, async (log) => hashAgain(log, values, output, await rememberedHead(log.crypto, file, log.keys)))
  },
}

const MAX_REMEMBERED = 65_536

async function hashAgain(log: OpenLog, values: Values, output: Output, since: Checkpoint | undefined): Promise<ExitCode> {
  const { crypto, source, keys, head } = log
  const { own } = source
  const drift = own?.drift ?? []
  for (const message of drift) output.tell('finding', { message }, [`does not hold: ${message}`])
  const start = own === undefined && since !== undefined ? Number(since.size) : 0
  let heads = 0
  await verifyLog((path) => (path === '/checkpoint' ? utf8(head.raw) : source.get(path)), {
    crypto,
    origin: keys.vkey.name,
    vkey: keys.vkey,
    formerVkeys: keys.former,
    minimum: BigInt(countIn(values.minimum ?? '0', '--minimum')),
    start,
    ...(since && { remembered: [since.raw] }),
    async headsOver(from, to) {
      const notes = (await own?.headsOver(from, to)) ?? []
      heads += notes.length
      return notes
    },
    onProgress: (done, all) => output.progress('hashed again', done, all),
  })
  const isClean = drift.length === 0
  if (isClean && values.keep !== undefined) await keep(values.keep, head)
  const told: Record<string, JsonValue> = {
    ok: isClean,
    origin: head.origin,
    size: Number(head.size),
    root: encodeBase64(head.root),
    since: since === undefined ? null : Number(since.size),
    hashed_from: start - (start % 256),
    heads,
    findings: drift,
  }
  output.tell(since === undefined ? 'verified' : 'audited', told, [
    ...(since === undefined ? wholeSentences(log) : sinceSentences(log, since)),
    ...(own === undefined ? [] : [`holds: ${heads} heads that are kept are signed and over this tree`]),
    `root of the tree: ${encodeBase64(head.root)}`,
    ...(isClean && values.keep !== undefined ? [`the head is in ${values.keep}; remember it for the next audit`] : []),
    'not shown: that the log has every decision, or that what it says was done',
    ...(isClean
      ? []
      : ['do not append to this database: whoever owns it took its guards away; find out who, and put them back first']),
    ...(since === undefined
      ? ['not shown: that others see the same log; audit it against a checkpoint that they or you remember']
      : []),
  ])
  return isClean ? 0 : 1
}

async function keep(file: string, { raw }: Checkpoint): Promise<void> {
  await replaceFile(nodeFiles, file, utf8(raw)).catch((cause: unknown) => {
    throw new WrongCall(`--keep ${file} cannot be written: ${reasonOf(cause)}`, { cause })
  })
}

function wholeSentences({ head }: OpenLog): readonly string[] {
  return [`holds: all ${head.size} entries of ${head.origin} were hashed again and are those that its key signed`]
}

function sinceSentences({ head, source: { own } }: OpenLog, since: Checkpoint): readonly string[] {
  return [
    `holds: ${head.origin} still begins with the ${since.size} entries that the remembered checkpoint has`,
    own === undefined
      ? `holds: the ${head.size - since.size} entries since then were hashed again and are those that its key signed`
      : `holds: all ${head.size} entries were hashed again and are those that its key signed`,
  ]
}
