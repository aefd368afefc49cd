// The registry of refusals as TypeScript and as a page.
const STAGES =
  'extract decode token passports joins decision binding possession ledger status requirement replay any service protect'.split(
    ' ',
  )

/** `packages/protocol/src/reasons.gen.ts`. */
export function reasonsCode(reasons) {
  const rows = reasons.map((row) => {
    const members = ['public', 'stage', 'status', 'retry', 'executed', 'title', 'section', 'since'].map(
      (name) => `    ${name}: ${literal(row[name])},`,
    )
    return `  ${row.code}: {\n${members.join('\n')}\n  },`
  })
  return `/** Every reason for which a request is refused, generated from spec/registry/reasons.json (spec chapter 13). @module */

/** Code → what is shown to the caller (\`public\`, \`title\`, \`status\`, \`retry\`, \`executed\`) and where the rule is written (\`section\`). */
export const REASONS = {
${rows.join('\n')}
} as const

/** A code of the registry. */
export type ReasonCode = keyof typeof REASONS
`
}

/** `spec/reasons.md`. */
export function reasonsPage(reasons) {
  const tables = STAGES.map((stage) => {
    const rows = reasons.filter((row) => row.stage === stage)
    const lines = rows.map(
      ({ code, public: shown, status, retry, executed, title, section }) =>
        `| \`${code}\` | ${shown === code ? '' : `\`${shown}\``} | ${status} | ${retry} | ${executed} | ${title} | ${section} |`,
    )
    return `## ${stage}\n\n| code | shown as | status | retry | executed | title | chapter |\n|---|---|---|---|---|---|---|\n${lines.join('\n')}\n`
  })
  return `# Refusals

Generated from [registry/reasons.json](registry/reasons.json); do not edit. Chapter [13](13-refusals.md) says how a refusal is rendered.
The headings are the steps of the road in order; \`any\` may happen at every step, \`protect\` belongs to \`POST /api/protect\`.

${tables.join('\n')}`
}

function literal(value) {
  if (typeof value === 'number') return String(value)
  if (!/^[\x20-\x7e]*$/.test(value) || value.includes('\\'))
    throw new Error(`The registry holds a text that is not plain: ${value}`)
  return value.includes("'") ? (value.includes('"') ? `'${value.replaceAll("'", "\\'")}'` : `"${value}"`) : `'${value}'`
}
