// Writes what is derived from spec/: the refusals as code and as a page, the wire types, the worked example. With --check it only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { mendingCode, refusalsPage } from './generate/mending.mjs'
import { reasonsCode, reasonsPage } from './generate/reasons.mjs'
import { wireCode } from './generate/wire.mjs'
import { requirementWords } from './generate/words.mjs'
import { workedExample } from './generate/worked-example.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Path from the root of the repository → the text that belongs there. */
export async function generate() {
  const { reasons } = JSON.parse(readFileSync(`${root}spec/registry/reasons.json`, 'utf8'))
  const { mending } = JSON.parse(readFileSync(`${root}spec/registry/mending.json`, 'utf8'))
  return {
    'packages/protocol/src/reasons.gen.ts': await formatted('reasons.ts', reasonsCode(reasons)),
    'packages/protocol/src/wire.gen.ts': await formatted('wire.ts', await wireCode(`${root}spec/schemas/`)),
    'packages/verifier/src/node/cli/mending.gen.ts': await formatted('mending.ts', mendingCode(reasons, mending)),
    'docs/refusals.md': refusalsPage(reasons, mending),
    'spec/reasons.md': reasonsPage(reasons),
    'conformance/requirements/reasons-0.1.json': await formatted(
      'reasons.json',
      JSON.stringify({ reasons: reasons.map(visible) }),
    ),
    'conformance/requirements/words-0.1.json': await formatted('words.json', JSON.stringify(requirementWords(root))),
    'spec/worked-example.json': await formatted('example.json', JSON.stringify(workedExample())),
  }
}

/** What the conformance suite compares: the step that refuses is not seen from outside. */
function visible({ code, public: shown, status, retry, executed, title, section }) {
  return { code, public: shown, status, retry, executed, title, section }
}

/** As `npm run format` would leave it. */
async function formatted(name, text) {
  return format(text, { ...(await resolveConfig(root + name)), filepath: root + name })
}

/** The paths whose committed text is not what the generator makes now. */
export async function stale() {
  return Object.entries(await generate()).flatMap(([path, text]) => (read(path) === text ? [] : [path]))
}

function read(path) {
  try {
    return readFileSync(root + path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--check')) {
    const paths = await stale()
    for (const path of paths) console.error(`${path} is not what spec/ says: run npm run generate and commit the result.`)
    process.exitCode = paths.length === 0 ? 0 : 1
  } else {
    for (const [path, text] of Object.entries(await generate())) writeFileSync(root + path, text)
  }
}
