/** The command `show`: one entry, proven, with its clear text where that is still there (spec chapters 4 and 17.12). @module */
import { encodeBase64url } from '@aiegis/protocol'
import type { Command } from './commands.ts'
import { clearOf, indexOf, leafSentence, readLeaf, type Clear } from './entries.ts'
import { createProver } from './heads.ts'
import { CODES, JSON_OPTION, KEYS, WHERE } from './help.ts'
import { withLog } from './one-log.ts'

export const show: Command = {
  line: 'show INDEX|RECEIPT_ID',
  summary: 'show an entry, with its clear text where that is still there',
  help: `usage: aiegis-ledger show INDEX|RECEIPT_ID [--db WHERE | --url URL] (--vkey VKEY | --trust FILE)
       [--json]

Shows the leaf, which the log can never change, and the clear text, which can be erased. Clear
text is no evidence by itself: the answer says whether it opens the leaf.

${WHERE}
${KEYS}
${JSON_OPTION}
${CODES}`,
  options: ['db', 'url', 'vkey', 'trust', 'former-vkey'],
  words: [1, 1],
  run: ({ values, words }, output) =>
    withLog(values, async (log) => {
      const index = await indexOf(log, words[0] ?? '')
      const { leaf } = await createProver(log.crypto, log.source, log.head)(index)
      const clear = await clearOf(log.crypto, log.source, index, leaf)
      const read = readLeaf(leaf)
      output.tell(
        'entry',
        {
          index,
          origin: log.head.origin,
          size: Number(log.head.size),
          leaf: read ?? null,
          leaf_bytes: encodeBase64url(leaf),
          clear_state: clear.state,
          clear: clear.value ?? null,
          opens: clear.state === 'there' ? clear.opens : null,
        },
        [
          `entry ${index} of ${log.head.size} in ${log.head.origin}: ${leafSentence(read)}`,
          'proven: it is under the newest head that the key of the log signed',
          'leaf:',
          ...(read === undefined ? [`  ${leaf.length} bytes that are no JSON: ${encodeBase64url(leaf)}`] : indented(read)),
          ...clearSentences(clear),
        ],
      )
      // Somebody changed what the operator keeps beside the log.
      return clear.state === 'there' && !clear.opens ? 1 : 0
    }),
}

function clearSentences({ state, value, opens }: Clear): readonly string[] {
  if (state === 'elsewhere') return ['clear text: not published; its operator has it, unless it was erased']
  if (state === 'gone') return ['clear text: erased, or never kept']
  return [
    opens ? 'clear text, which opens the leaf:' : 'does not hold: clear text that does not open the leaf; it was changed',
    ...indented(value ?? null),
  ]
}

function indented(value: unknown): readonly string[] {
  return JSON.stringify(value, shortened, 2)
    .split('\n')
    .map((line) => `  ${line}`)
}

/** A signature stays whole; of a signed text the start is enough to know it again. */
function shortened(_: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > 88
    ? `${value.slice(0, 32)}… (${value.length} characters; --json has them all)`
    : value
}
