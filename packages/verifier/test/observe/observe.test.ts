/** What is counted and traced of a receiver, with the libraries that operators have (spec chapter 13.4). @module */
import { readFileSync } from 'node:fs'
import { REASONS } from '@aiegis/protocol'
import { createMockHarness, receivedFrom, type Breakable } from '@aiegis/testing'
import { context, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  type MetricData,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import * as client from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import type { EventHooks } from '../../src/events.ts'
import { createVerifier, joinHooks } from '../../src/index.ts'
import { BUCKETS, DEPENDENCY, DURATION, VERDICTS } from '../../src/observe/measures.ts'
import { otelHooks } from '../../src/observe/otel.ts'
import { prometheusHooks } from '../../src/observe/prometheus.ts'

/** A receiver with these hooks, which serves one request and refuses one for each code. */
async function observe(hooks: EventHooks, ...codes: readonly Breakable[]) {
  const harness = createMockHarness({ logSize: 20 })
  const lines: unknown[][] = []
  const verifier = createVerifier({ ...harness.receiver(), ...hooks, log: (...line) => lines.push(line) })
  onTestFinished(() => verifier.close())
  await verifier.warm()
  harness.clock.advance(6)
  await verifier.verify(receivedFrom(harness.mint()))
  for (const code of codes) {
    await expect(verifier.verify(receivedFrom(harness.breakIt(code).request))).rejects.toMatchObject({ code })
  }
  return { harness, lines }
}

test('Prometheus counts verdicts by exact code, their time, and the state of each dependency', async () => {
  const registry = new client.Registry()
  await observe(prometheusHooks(client, registry), 'possession_invalid', 'token_signature_invalid', 'replay_unavailable')
  const text = await registry.metrics()
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'aiegis_verdicts_total{verdict="served",code="none",stage="context"} 1',
      'aiegis_verdicts_total{verdict="refused",code="possession_invalid",stage="possession"} 1',
      'aiegis_verdicts_total{verdict="refused",code="token_signature_invalid",stage="token"} 1',
      'aiegis_verification_duration_seconds_count{verdict="served"} 1',
      'aiegis_verification_duration_seconds_count{verdict="refused"} 3',
      'aiegis_dependency_state{dependency="status",name="https://identity.example/status/revocation/1",state="up"} 1',
      'aiegis_dependency_state{dependency="replay",name="https://api.example.com",state="up"} 0',
      'aiegis_dependency_state{dependency="replay",name="https://api.example.com",state="down"} 1',
    ]),
  )
  expect(text).not.toMatch(/did:key|01MOCK|http\.get/)
})

test('the counter of what is served is there before the first request', async () => {
  const registry = new client.Registry()
  prometheusHooks(client, registry)
  expect(await registry.metrics()).toContain('aiegis_verdicts_total{verdict="served",code="none",stage="context"} 0')
})

test('without a registry the metrics are in that of the client, once', () => {
  onTestFinished(() => client.register.clear())
  prometheusHooks(client)
  expect(client.register.getSingleMetric(VERDICTS.prometheus)).toBeDefined()
  expect(() => prometheusHooks(client)).toThrow(/already been registered/)
})

test('OpenTelemetry gets the same measures under names that become those of Prometheus', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  await observe(otelHooks({ meter: provider.getMeter('test') }), 'token_expired', 'token_expired')
  await reader.forceFlush()
  const measured = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? []
  expect(measured.map((metric) => prometheusNameOf(metric)).toSorted()).toEqual(
    [DEPENDENCY, DURATION, VERDICTS].map(({ prometheus }) => prometheus).toSorted(),
  )
  const verdicts = measured.find(({ descriptor }) => descriptor.name === VERDICTS.otel)?.dataPoints ?? []
  expect(verdicts.map(({ attributes, value }) => [attributes['code'], value])).toEqual([
    ['none', 1],
    ['token_expired', 2],
  ])
  const duration = measured.find(({ descriptor }) => descriptor.name === DURATION.otel)?.dataPoints[0]?.value
  expect(duration).toMatchObject({ buckets: { boundaries: BUCKETS } })
  const states = measured.find(({ descriptor }) => descriptor.name === DEPENDENCY.otel)?.dataPoints ?? []
  expect(
    states.filter(({ value }) => value === 1).map(({ attributes }) => [attributes['dependency'], attributes['state']]),
  ).toEqual(
    expect.arrayContaining([
      ['status', 'up'],
      ['replay', 'up'],
    ]),
  )
})

test('each verification is a span below the one that is active, with the facts that were verified and no others', async () => {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  onTestFinished(() => provider.shutdown())
  await observe(otelHooks({ tracer: provider.getTracer('test') }), 'token_signature_invalid', 'replay_unavailable')
  const [served, forged, failed] = exporter.getFinishedSpans()
  expect(served).toMatchObject({
    name: 'aiegis.verify',
    status: { code: 0 },
    attributes: { 'aiegis.verdict': 'served', 'aiegis.stage': 'context', 'aiegis.action': 'http.get', 'aiegis.depth': 0 },
  })
  expect(served?.attributes['aiegis.agent']).toMatch(/^did:key:/)
  expect(forged?.attributes).toEqual({
    'aiegis.verdict': 'refused',
    'aiegis.stage': 'token',
    'error.type': 'token_signature_invalid',
  })
  // A forged token is the caller's fault; a store that fails is ours.
  expect([forged?.status.code, failed?.status.code]).toEqual([0, 2])
  expect(JSON.stringify([served?.attributes, forged?.attributes])).not.toMatch(/eyJ/)
})

test('a span lasts as long as the verification, and is below the span of the request', () => {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  onTestFinished(() => provider.shutdown())
  const manager = stackContext()
  context.setGlobalContextManager(manager)
  onTestFinished(() => context.disable())
  const tracer = provider.getTracer('test')
  const parent = tracer.startSpan('request')
  const hooks = otelHooks({ tracer, now: () => 1_795_212_000_000 })
  context.with(trace.setSpan(context.active(), parent), () => hooks.onVerdict({ ...EVENT, durationMs: 250 }))
  const [span] = exporter.getFinishedSpans()
  expect(span?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId)
  expect([span?.startTime, span?.endTime]).toEqual([
    [1_795_211_999, 750_000_000],
    [1_795_212_000, 0],
  ])
})

test('a hook that throws or rejects keeps nothing from the others, and is told to the log once', async () => {
  const told: string[] = []
  const { lines } = await observe(
    joinHooks(
      {
        onVerdict: () => {
          throw new Error('first')
        },
      },
      { onVerdict: ({ verdict }) => void told.push(verdict), onDependency: ({ state }) => void told.push(state) },
      { onVerdict: () => Promise.reject(new Error('third')) as never },
    ),
    'token_expired',
  )
  expect(told).toEqual(['up', 'up', 'served', 'refused'])
  await new Promise((turn) => setTimeout(turn))
  expect(lines.filter(([line]) => String(line).startsWith('onVerdict'))).toHaveLength(1)
})

test('the dashboard and the alerts name only measures that exist, with labels that they have', () => {
  for (const file of ['grafana.json', 'alerts.yaml']) {
    const text = readFileSync(new URL(`../../dashboards/${file}`, import.meta.url), 'utf8')
    const used = [...text.matchAll(/\b(aiegis_[a-z_]+?)(?:_bucket|_count|_sum)?\\?(?=[{[) ,"]|$)(?:\{([^}]*)\})?/gm)]
    expect(used.length).toBeGreaterThan(4)
    const grouping = [...text.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', '))
    const known = ['job', 'le', ...[VERDICTS, DURATION, DEPENDENCY].flatMap((measure) => measure.labels)]
    expect(grouping.filter((label) => !known.includes(label))).toEqual([])
    const codes = [...text.matchAll(/code=~?\\?"([a-z_|]+)/g)].flatMap(([, list = '']) => list.split('|'))
    expect(codes.length).toBeGreaterThan(1)
    expect(codes.filter((code) => !Object.hasOwn(REASONS, code))).toEqual([])
    for (const [, name, selector = ''] of used) {
      const measure = [VERDICTS, DURATION, DEPENDENCY].find(({ prometheus }) => prometheus === name)
      expect(measure, `${file}: ${name}`).toBeDefined()
      const labels = [...selector.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label)
      expect(labels.filter((label) => !['job', ...(measure?.labels ?? [])].includes(label))).toEqual([])
    }
  }
})

const EVENT = {
  verdict: 'served',
  code: undefined,
  stage: 'context',
  harness: undefined,
  action: undefined,
  receiptId: undefined,
  issuer: undefined,
  depth: undefined,
  agent: undefined,
  durationMs: 0,
  now: 0,
} as const

/** As an exporter for Prometheus writes it. */
function prometheusNameOf({ descriptor: { name, unit }, ...data }: MetricData): string {
  const isCounter = 'isMonotonic' in data && data.isMonotonic
  return name.replaceAll('.', '_') + (unit === 's' ? '_seconds' : '') + (isCounter ? '_total' : '')
}

/** Context that is active while a function runs; enough for code without a wait. */
function stackContext(): Parameters<typeof context.setGlobalContextManager>[0] {
  const stack = [context.active()]
  return {
    active: () => stack.at(-1) ?? context.active(),
    with(active, call, self, ...given) {
      stack.push(active)
      try {
        return call.call(self, ...given)
      } finally {
        stack.pop()
      }
    },
    bind: (_active, target) => target,
    enable() {
      return this
    },
    disable() {
      return this
    },
  }
}
