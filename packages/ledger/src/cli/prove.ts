/** The command `prove`: the tlog-proof of an entry, from tiles and verified before it is printed (spec chapters 5.1 and 17.12). @module */
import type { Command } from './commands.ts'
import { indexOf } from './entries.ts'
import type { ExitCode } from './failures.ts'
import { createProver } from './heads.ts'
import { CODES, JSON_OPTION, KEYS, WHERE } from './help.ts'
import { withLog } from './one-log.ts'

export const prove: Command = {
  line: 'prove INDEX|RECEIPT_ID',
  summary: 'print the proof (c2sp.org/tlog-proof) that an entry is in the log',
  help: `usage: aiegis-ledger prove INDEX|RECEIPT_ID [--db WHERE | --url URL]
       (--vkey VKEY | --trust FILE) [--json]

Prints the text of a tlog-proof under the newest head, after verifying it. A receipt id is
looked for in clear text: where that was erased, or at a URL, name the number of the entry.

${WHERE}
${KEYS}
${JSON_OPTION}
${CODES}`,
  options: ['db', 'url', 'vkey', 'trust', 'former-vkey'],
  words: [1, 1],
  run: ({ values, words }, output) =>
    withLog(values, async (log): Promise<ExitCode> => {
      const index = await indexOf(log, words[0] ?? '')
      const { proof } = await createProver(log.crypto, log.source, log.head)(index)
      output.tell('proof', { index, origin: log.head.origin, size: Number(log.head.size), proof }, proof.trimEnd().split('\n'))
      return 0
    }),
}
