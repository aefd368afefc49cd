// The wire objects of spec/schemas as TypeScript types, every member and list readonly.
import { readdirSync } from 'node:fs'
import { compile } from 'json-schema-to-typescript'

/** `packages/protocol/src/wire.gen.ts`. */
export async function wireCode(folder) {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.schema.json') && file !== 'common.schema.json')
    .toSorted()
  // One schema that refers to all of them, so that a type that two objects share is declared once.
  const everything = {
    $id: 'Everything',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(files.map((file) => [file, { $ref: file }])),
  }
  const text = await compile(everything, 'Everything', {
    cwd: folder,
    bannerComment: '',
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    unknownAny: true,
    style: { semi: false, singleQuote: true, printWidth: 130, trailingComma: 'all' },
  })
  return `/** Types of every wire object, generated from spec/schemas (spec chapters 3 to 5, 8 to 11, 13 to 16). @module */\n\n${tidy(text)}`
}

function tidy(text) {
  const tidied = text
    .replace(/export interface Everything \{[^}]*\}\n/, '')
    .replaceAll(/\n +\* @(min|max)Items \d+(?=\n)/g, '')
    .replaceAll(/\n +\*\n +\* Items: [^\n]*/g, '')
    .replaceAll(/\n +\*(?=\n +\*\/)/g, '')
    .replaceAll(/\n *\/\*\*\n +\*\/(?=\n)/g, '') // comments that held nothing else
    .replaceAll(/\/\*\*\n +\* ([^\n]*)\n +\*\//g, '/** $1 */')
    .replaceAll(/^( +)('[^'\n]+'|\w+|\[k: string\])(\??:)(?=[ \n])/gm, '$1readonly $2$3')
    .replaceAll(/(\w+|\([^()\n]*\))\[\]/g, 'readonly $1[]')
    .replaceAll(/: (\[['"\w])/g, ': readonly $1')
    .replaceAll(/\n(?=\/\*\*)|(?<=\n\}|\n    \}|')\n(?=export)/g, '\n\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
  const lost = /^ +(?! |readonly |\*|\/\*|[|}{)\]'])\S/m.exec(tidied) ?? /\[k: string\]: any|^ *[)}]\[\]/m.exec(tidied)
  if (lost) throw new Error(`A generated type has a form that is not made readonly: ${lost[0]}`)
  return `${tidied}\n`
}
