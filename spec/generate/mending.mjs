// What to do about each refusal, as a page for people and as a table for the command that explains refusals.
const CLIENT = {
  'same-token': 'A client may send the same request with the same token again.',
  'new-token': 'A client may ask the harness again.',
  never: 'A client does not try again: the same would be refused again.',
}
const EXECUTED = { no: 'Nothing was done.', unknown: 'An earlier request with this token may have been carried out.' }

/** `docs/refusals.md`. Throws when a code has no paragraph, or a paragraph no code. */
export function refusalsPage(reasons, mending) {
  checkComplete(reasons, mending)
  const paragraphs = reasons.map(({ code, public: shown, stage, status, retry, executed, title, section }) =>
    [
      `## ${code}`,
      `${title}. Status ${status}${shown === code ? '' : `, shown to callers as \`${shown}\``}; ${placeOf(stage)}, [chapter ${section}](../spec/README.md).`,
      mending[code],
      `${CLIENT[retry]} ${EXECUTED[executed]}`,
    ].join('\n\n'),
  )
  return `# Which refusal is this

Generated from [reasons.json](../spec/registry/reasons.json) and [mending.json](../spec/registry/mending.json); do not edit.

A refusal has a \`code\`. Callers see the public one; the hook \`onVerdict\` of a receiver has the exact one ([observing](observing.md)), and \`npm run explain -- request.http --trust aiegis-trust.json\` finds it for a request that was kept, with what was expected and what came.

${reasons.map(({ code }) => `[\`${code}\`](#${code})`).join(' · ')}

${paragraphs.join('\n\n')}
`
}

/** `packages/verifier/src/node/cli/mending.gen.ts`. */
export function mendingCode(reasons, mending) {
  checkComplete(reasons, mending)
  const rows = reasons
    .filter(({ stage }) => stage !== 'protect' && stage !== 'service')
    .map(({ code }) => `  ${code}: ${JSON.stringify(mending[code])},`)
  return `/** What to do about each refusal of a receiver, generated from spec/registry/mending.json (spec chapter 13). @module */

/** Code → a paragraph for whoever runs the receiver or calls it. */
export const MENDING: Readonly<Record<string, string>> = {
${rows.join('\n')}
}
`
}

function placeOf(stage) {
  if (stage === 'any') return 'may come from any step'
  if (stage === 'service') return 'answered by a service behind a receiver'
  return stage === 'protect' ? 'answered by the enforcement server' : `step \`${stage}\``
}

function checkComplete(reasons, mending) {
  const codes = reasons.map(({ code }) => code)
  const silent = codes.filter((code) => typeof mending[code] !== 'string')
  const strange = Object.keys(mending).filter((code) => !codes.includes(code))
  if (silent.length + strange.length > 0)
    throw new Error(
      `spec/registry/mending.json: nothing about ${silent.join(' ') || '-'}, no such code ${strange.join(' ') || '-'}`,
    )
}
