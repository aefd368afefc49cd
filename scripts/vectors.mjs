// Answers vectors of anybody, one JSON object a line: {"id","op","args"} in, {"id","ok","code"?,"value"?} out (README.md).
import { Fuel } from '../packages/enforcement/dist/policy/fault.js'
import { ENGINES } from '../packages/enforcement/dist/policy/engine.js'
import { serveVectors } from '../packages/testing/dist/vectors/serve.js'

// The fuel of one evaluation of a rule (spec chapter 16).
const FUEL = 100_000

process.stdout.on('error', (error) => {
  // Whoever reads has read enough.
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})
await serveVectors(process.stdin, process.stdout, [
  ['rego.eval', { arguments: ['module', 'input'], run: (given) => evaluate('rego', given.text('module'), given.value('input')) }],
  [
    'jsonlogic.eval',
    { arguments: ['rule', 'data'], run: (given) => evaluate('jsonlogic', given.value('rule'), given.value('data')) },
  ],
])

// A module that the policy refuses to load, or a fault while it runs, is no value.
function evaluate(language, module, input) {
  const compiled = ENGINES.get(language).compile({ language, module })
  if (typeof compiled === 'string') return { ok: false, code: 'module_refused' }
  try {
    return { ok: true, value: compiled.evaluate(input, new Fuel(FUEL)) ?? null }
  } catch (error) {
    if (error.name === 'PolicyFault') return { ok: false, code: `policy_${error.code}` }
    throw error
  }
}
