/** The command `check`: a file of a receiver, without a network (spec chapters 5.6, 10.3 and 17.12). @module */
import { defaultCrypto } from '@aiegis/protocol'
import { checkFile, MAX_FILE } from './check.ts'
import type { Command } from './commands.ts'
import { bytesOfFile } from './files.ts'
import { CODES, JSON_OPTION } from './help.ts'
import { MAX_TRUST } from './trust.ts'

export const checkCommand: Command = {
  line: 'check FILE',
  summary: 'check a receipt, or evidence against a log, from its file alone',
  help: `usage: aiegis-ledger check FILE [--trust aiegis-trust.json] [--json]

FILE is a receipt (context.receipt()) or evidence against a log (ledger-evidence-….json). Needs
no network and no log.

  --trust FILE    whose keys to believe; without it the keys in the file are used, and the
                  answer says so
${JSON_OPTION}
${CODES}`,
  options: ['trust'],
  words: [1, 1],
  async run({ values, words }, output) {
    const file = await bytesOfFile(words[0] ?? '', MAX_FILE)
    const trust = values.trust === undefined ? undefined : await bytesOfFile(values.trust, MAX_TRUST)
    const sentences = await checkFile(defaultCrypto(), file, trust)
    output.tell('checked', { ok: true, sentences }, sentences)
    return 0
  },
}
