/** The command `export`: everything that a log still says about one agent or person (spec chapters 17.7 and 17.12). @module */
import { BrokenLog } from '../verify-log.ts'
import { exportAbout } from '../custody/export.ts'
import type { Command } from './commands.ts'
import { WrongCall, type ExitCode } from './failures.ts'
import { createProver } from './heads.ts'
import { CODES, WHERE, KEYS } from './help.ts'
import { withLog } from './one-log.ts'
import { jsonLine, quoted } from './output.ts'

export const exportCommand: Command = {
  line: 'export NAME',
  summary: 'print all that the log still says about an agent, with proofs',
  help: `usage: aiegis-ledger export NAME [--db WHERE] (--vkey VKEY | --trust FILE) [--json]

NAME is a value in clear text, such as a did:key: the agent that acted, or one in the chain of
who acted. One JSON object on each line in any case: index, leaf (base64url), proof, clear and
opens, which is false where clear text does not open its leaf. What was erased says nothing
about anybody any more, and is not among them.

${WHERE.split('\n  --url')[0] ?? ''}
${KEYS}
${CODES}`,
  options: ['db', 'vkey', 'trust', 'former-vkey'],
  words: [1, 1],
  run: ({ values, words }, output) =>
    withLog(values, async (log): Promise<ExitCode> => {
      const name = words[0] ?? ''
      const { own } = log.source
      if (own === undefined) throw new WrongCall('there is no index with clear text in this directory')
      const provenEntry = createProver(log.crypto, log.source, log.head)
      const reading = {
        custody: { clearFrom: async (start: bigint, count: number) => own.custody.clearFrom(Number(start), count) },
        entry: async (index: bigint) =>
          index < log.head.size ? { leaf: (await provenEntry(Number(index))).leaf, clear: undefined } : undefined,
        proof: async (index: bigint) => (await provenEntry(Number(index))).proof,
      }
      let [count, changed] = [0, 0]
      for await (const { index, leaf, proof, clear, opens } of exportAbout(reading, log.crypto, name)) {
        count++
        if (!opens) changed++
        const told = { index, leaf, proof, clear, opens }
        output.tell('exported', told, [jsonLine({ type: 'exported', ...told })])
      }
      output.note(`${count} entries of ${log.head.origin} say something about ${quoted(name)}`)
      if (changed > 0) throw new BrokenLog(`clear text of ${changed} of them does not open its leaf; it was changed`)
      return 0
    }),
}
