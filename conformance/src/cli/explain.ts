/** `explain`: what one case changes, sends and expects, byte by byte, without a receiver. @module */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, serialise, type Case, type CaseRequest, type Step } from '../build/index.ts'
import { readRegistry } from '../judge/registry.ts'
import { visible } from '../report/page.ts'
import { ruleLines } from '../report/terminal.ts'
import { isAsked, isToStart } from '../run/bundles.ts'
import { readCatalogue } from '../run/plan.ts'
import { readSetup, worldOf, type Setup } from '../run/setup.ts'
import { FOLDER, UsageError, type Arguments } from './arguments.ts'
import { EXIT, HOST_PORT, type Surroundings } from './commands.ts'

/** Requests are built for this moment; a run builds them anew. */
export function explain(asked: Arguments, { out }: Surroundings): Promise<number> {
  const [id] = asked.words
  const test = readCatalogue().cases.find((each) => each.id === id)
  if (test === undefined) throw new UsageError(`explain: no case has the id '${id ?? ''}'; list shows all`)
  const requests = requestsOf(test).map((request, run) => shown(request, test, setupOf(asked, test), run))
  if (asked.json) out(`${JSON.stringify({ ...test, requests })}\n`)
  else out(pageOf(test, requests))
  return Promise.resolve(EXIT.ok)
}

interface Shown {
  readonly base: string
  readonly bytes: string
  readonly claims: unknown
}

function setupOf({ folder = FOLDER, url, seed = 'aiegis' }: Arguments, { level }: Case): Setup {
  if (url === undefined && existsSync(join(folder, 'conformance.json'))) return readSetup(folder)
  return { url: url ?? 'http://127.0.0.1:3000', level, seed, hostPort: HOST_PORT }
}

function requestsOf(test: Case): readonly CaseRequest[] {
  if (test.steps !== undefined)
    return test.steps.flatMap((step) => ('send' in step ? [step.send] : 'make' in step ? [step.make] : []))
  return [test]
}

function shown(request: CaseRequest, test: Case, setup: Setup, run: number): Shown {
  const world = worldOf(setup, Date.now)
  const { wire, parts } = build(world, request.base, request.change, { caseId: test.id, run })
  return { base: request.base, bytes: visible(serialise(world, wire)), claims: claimsOf(parts['token'] ?? '') }
}

function claimsOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  } catch {
    return null
  }
}

function pageOf(test: Case, requests: readonly Shown[]): string {
  const { id, title, level, must, why } = test
  const lines = [`${id}: ${title}`, `Level ${level}; requirements:`, ...ruleLines(must)]
  if (why !== undefined) lines.push(why)
  if (test.bundle !== undefined)
    lines.push(
      '',
      ...test.bundle.map((change) => `Change of the trust bundle: ${JSON.stringify(change)}`),
      isToStart(test) ? 'A receiver has to start with it.' : 'A receiver must not start with it: it never listens.',
    )
  if (test.bundle === undefined || isAsked(test))
    lines.push('', ...(test.steps === undefined ? plainLines(test) : test.steps.flatMap(stepLines)))
  for (const { base, bytes, claims } of requests) {
    lines.push('', `--- the request, from the base "${base}"`, bytes, '--- claims of its token', JSON.stringify(claims, null, 2))
  }
  return `${lines.join('\n')}\n`
}

function plainLines({ base, change, expect, side }: Case): readonly string[] {
  const changes = change.map((each) => `Change: ${JSON.stringify(each)}`)
  const sides =
    side === 'serve'
      ? ['It has to be served, and the handler to run once.']
      : [`It has to be refused, and the handler not to run. Before and after it the base "${base}" has to be served.`]
  return [...changes, ...sides, ...expectLines(expect)]
}

function stepLines(step: Step, at: number): readonly string[] {
  const number = `Step ${at + 1}:`
  if ('wait' in step) return [`${number} wait ${step.wait} seconds`]
  if ('make' in step) return [`${number} build ${JSON.stringify(step.make)} as ${step.as}, to be sent later`]
  if ('hits' in step)
    return [
      `${number} since the beginning, or since this was last looked at, the suite host was asked ${step.least} to ${step.most} times for ${step.hits}`,
    ]
  if ('host' in step) return [`${number} the suite host does ${JSON.stringify(step.host)}`]
  if ('again' in step)
    return [`${number} send ${step.again} again, with ${JSON.stringify(step.change)}`, ...expectLines(step.expect)]
  if ('concurrent' in step)
    return [
      `${number} send ${step.concurrent} copies at once; one is served, the others are refused`,
      ...expectLines(step.expect),
    ]
  return [
    `${number} send ${JSON.stringify(step.send)}${step.as === undefined ? '' : ` as ${step.as}`}`,
    ...expectLines(step.expect),
  ]
}

function expectLines(expect: object): readonly string[] {
  const registry = readRegistry()
  const codes =
    'code' in expect ? [String(expect.code)] : 'anyOf' in expect && Array.isArray(expect.anyOf) ? expect.anyOf.map(String) : []
  if (codes.length === 0) return [`Expected: ${JSON.stringify(expect)}`]
  return codes.map((code) => {
    const row = registry.get(code)
    return `Expected: ${row?.status ?? ''} ${row?.public ?? ''}, retry ${row?.retry ?? ''}, executed ${row?.executed ?? ''} (exact code ${code}, chapter ${row?.section ?? ''})`
  })
}
