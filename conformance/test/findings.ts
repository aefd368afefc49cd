/** Runs one case in process and lists what came out otherwise than the case says. @module */
import type { Built, Case, CaseRequest, Expectation, Step } from '../src/build/index.ts'
import type { Answer, Bench } from './in-process.ts'

/** Empty when everything was as the case says: control, changed request, control, or one step after the other. */
export async function findings(bench: Bench, item: Case): Promise<readonly string[]> {
  if (item.steps !== undefined) return await walk(bench, item, item.steps)
  const caseId = item.id
  const changed = bench.make(item.base, item.change, { caseId })
  if (item.side === 'serve') return await judge(bench, 'changed', changed, item.expect)
  return [
    ...(await judge(bench, 'first control', bench.make(item.base, [], { caseId }), { echo: {} })),
    ...(await judge(bench, 'changed', changed, item.expect)),
    ...(await judge(bench, 'second control', bench.make(item.base, [], { caseId }), { echo: {} })),
  ]
}

async function judge(bench: Bench, what: string, built: Built, expectation: Expectation): Promise<readonly string[]> {
  // What a handler sees, and how much content is read, only a server shows.
  const isServers = 'echo' in expectation ? 'seen' in expectation.echo : 'code' in expectation && isOfContent(expectation.code)
  const { code, echo }: Answer = await bench.send(built, isServers)
  if ('echo' in expectation) {
    const { seen: _seen, ...honest } = built.echo
    return code === 'served' ? differences(what, echo ?? {}, { ...honest, ...expectation.echo }) : [`${what}: ${code}`]
  }
  const allowed =
    'code' in expectation
      ? [expectation.code]
      : [...('anyOf' in expectation ? expectation.anyOf : []), ...(expectation.framing === true ? ['framing'] : [])]
  return allowed.includes(code) ? [] : [`${what}: ${code}`]
}

function isOfContent(code: string): boolean {
  return code === 'content_too_large'
}

function differences(
  what: string,
  echo: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.entries(wanted)
    .filter(([name, value]) => JSON.stringify(echo[name]) !== JSON.stringify(value))
    .map(([name]) => `${what}: ${name} is ${JSON.stringify(echo[name])}`)
}

interface Sent extends CaseRequest {
  readonly run: number
  readonly at: number
}

async function walk(bench: Bench, item: Case, steps: readonly Step[]): Promise<readonly string[]> {
  const sent = new Map<string, Sent>()
  const found: string[] = []
  for (const [run, step] of steps.entries()) {
    const what = `step ${run + 1}`
    const options = { caseId: item.id, run, at: bench.world.now() }
    if ('wait' in step) bench.sleep(step.wait * 1000)
    else if ('hits' in step) found.push(`${what}: nothing here plays the host`)
    else if ('make' in step) sent.set(step.as, { ...step.make, run, at: options.at })
    else if ('host' in step) found.push(`${what}: nothing here plays the host`)
    else if ('concurrent' in step) {
      const built = bench.make(step.send.base, step.send.change, options)
      const answers = await Promise.all(Array.from({ length: step.concurrent }, () => bench.send(built)))
      const codes = answers.map(({ code }) => code)
      const right =
        codes.filter((code) => code === 'served').length === 1 &&
        codes.every((code) => ['served', step.expect.code].includes(code))
      if (!right) found.push(`${what}: ${codes.join(' ')}`)
    } else if ('again' in step) {
      const first = sent.get(step.again)
      if (first === undefined) return [...found, `${what}: nothing was sent as ${step.again}`]
      const built = bench.make(first.base, [...first.change, ...step.change], { caseId: item.id, run: first.run, at: first.at })
      found.push(...(await judge(bench, what, built, step.expect)))
    } else {
      if (step.as !== undefined) sent.set(step.as, { ...step.send, run, at: options.at })
      found.push(...(await judge(bench, what, bench.make(step.send.base, step.send.change, options), step.expect)))
    }
  }
  return found
}
