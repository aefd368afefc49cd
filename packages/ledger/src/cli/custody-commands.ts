/** The commands `erase` and `hold`: the operator's acts about clear text, each with who ordered it and why (spec chapters 17.7 and 17.12). @module */
import { defaultCrypto } from '@aiegis/protocol'
import type { Command } from './commands.ts'
import { NotThere, WrongCall, type ExitCode } from './failures.ts'
import { CODES, JSON_OPTION } from './help.ts'
import { countIn, type Values } from './options.ts'
import { withSource } from './sources/open.ts'
import { withWriter } from './writer.ts'

const WRITING = `  --by NAME       who ordered it, such as a person or a case; recorded with the reason
  --reason TEXT   why; both are committed in the log and can be erased like other clear text
  --db WHERE      a SQLite file, a directory of tiles, or postgres://ROLE@HOST/DATABASE;
                  .aiegis/ledger.db when absent. A file or a directory has one writer: end
                  the server first
  --key FILE      the log key (PKCS#8 PEM); log.key beside the log when absent
  --also-key FILE the other log key, while the log is signed by two
  --last-checkpoint FILE
                  the newest released head; last-checkpoint beside the log when absent.
                  With PostgreSQL it must be named: each process has its own
  --witnesses FILE
                  who signs each head, where the log has witnesses
${JSON_OPTION}
${CODES}`

export const erase: Command = {
  line: 'erase INDEX|RECEIPT_ID',
  summary: 'order that the clear text of an entry be erased',
  help: `usage: aiegis-ledger erase INDEX|RECEIPT_ID --by NAME --reason TEXT [--db WHERE] [--key FILE]
       [--json]

Orders that the clear text of an entry be erased. From then on nobody reads it; its bytes go
when the janitor comes. The entry, its proofs and the tree stay as they are, and the order
becomes an entry of the log itself. Refused while the entry is on hold.

${WRITING}`,
  options: ['db', 'key', 'also-key', 'by', 'reason', 'last-checkpoint', 'witnesses'],
  words: [1, 1],
  async run({ values, words }, output): Promise<ExitCode> {
    const reason = reasonOf(values)
    return withWriter(values, words[0] ?? '', async (custody, index) => {
      if (!(await custody.erase(BigInt(index), reason).catch(asNotThere)))
        throw new NotThere(`entry ${index} has no clear text: it was ordered to be erased before, or never had any`)
      output.tell('erased', { ok: true, index }, [
        `done: nobody reads the clear text of entry ${index} any more; the janitor takes its bytes out`,
        'recorded: the order is an entry of the log',
      ])
      return 0
    })
  },
}

export const hold: Command = {
  line: 'hold [FIRST[-LAST]|ID]',
  summary: 'keep clear text from being erased, release it, or list what is held',
  help: `usage: aiegis-ledger hold [--db WHERE] [--json]
       aiegis-ledger hold FIRST[-LAST] --by NAME --reason TEXT [--db WHERE] [--key FILE]
       [--json]
       aiegis-ledger hold ID --release --by NAME --reason TEXT [--db WHERE] [--key FILE]
       [--json]

The first lists what is on hold, and needs no key. The second keeps the clear text of entries
FIRST to LAST, whatever is ordered and however old it is, until the third releases it. Hold and
release become entries of the log.

${WRITING}`,
  options: ['db', 'key', 'also-key', 'by', 'reason', 'last-checkpoint', 'witnesses', 'release'],
  words: [0, 1],
  async run({ values, words }, output): Promise<ExitCode> {
    const [word] = words
    if (word === undefined) {
      if (values.release === true) throw new WrongCall('name the id of the hold that is released')
      const crypto = defaultCrypto()
      const holds = await withSource(crypto, values, async ({ own }) => own?.custody.holds())
      if (holds === undefined) throw new WrongCall('there is no index with holds in this directory')
      for (const { id, first, last, at } of holds)
        output.tell('hold', { id, first, last, at }, [
          `hold ${id}: entries ${first} to ${last}, since ${new Date(at * 1_000).toISOString()}`,
        ])
      if (holds.length === 0) output.note('nothing is on hold')
      return 0
    }
    const reason = reasonOf(values)
    if (values.release === true)
      return withWriter(values, undefined, async (custody) => {
        const isEnded = await custody.release(word, reason).catch(asNotThere)
        if (!isEnded) throw new NotThere(`hold ${word} was released before`)
        output.tell('released', { ok: true, id: word }, [`done: hold ${word} is released, and recorded in the log`])
        return 0
      })
    const [first, last = first] = rangeIn(word)
    return withWriter(values, undefined, async (custody) => {
      const placed = await custody.hold(BigInt(first), BigInt(last), reason).catch(asNotThere)
      output.tell('held', { ok: true, id: placed.id, first, last }, [
        `done: the clear text of entries ${first} to ${last} stays until hold ${placed.id} is released`,
        'recorded: the hold is an entry of the log',
      ])
      return 0
    })
  },
}

/** Most characters of who and why together, as acts have them. */
function reasonOf({ by, reason }: Values): string {
  if (by === undefined || by.trim() === '' || reason === undefined || reason.trim() === '')
    throw new WrongCall('name who ordered it with --by, and why with --reason: both are recorded')
  const text = `by ${by.trim()}: ${reason.trim()}`
  if (text.length > MAX_REASON) throw new WrongCall(`--by and --reason have at most ${MAX_REASON} characters together`)
  return text
}

const MAX_REASON = 1_024

function rangeIn(word: string): readonly [number, number?] {
  const [first = '', last, ...more] = word.split('-')
  if (more.length > 0) throw new WrongCall('entries are named as FIRST or FIRST-LAST')
  return last === undefined ? [countIn(first, 'an entry')] : [countIn(first, 'the first entry'), countIn(last, 'the last entry')]
}

function asNotThere(error: unknown): never {
  if (error instanceof RangeError) throw new NotThere(error.message)
  throw error
}
