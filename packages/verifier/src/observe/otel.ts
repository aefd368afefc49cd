/** Hooks that make spans and metrics with the tracer and meter that the application has; nothing of OpenTelemetry is imported (spec chapter 13.4). @module */
import type { VerdictEvent } from '../events.ts'
import type { AllHooks } from './join.ts'
import {
  BUCKETS,
  DEPENDENCY,
  dependencyStates,
  DURATION,
  isOwnFault,
  SERVED,
  VERDICTS,
  verdictLabels,
  type Measure,
} from './measures.ts'

type Attributes = Readonly<Record<string, string | number>>

interface InstrumentOptions {
  description: string
  unit: string
  advice?: { explicitBucketBoundaries: number[] }
}

/** What is used of a `Meter` of `@opentelemetry/api`, from 1.9. */
export interface OtelMeter {
  createCounter(name: string, options: InstrumentOptions): { add(value: number, attributes: Attributes): void }
  createHistogram(name: string, options: InstrumentOptions): { record(value: number, attributes: Attributes): void }
  createGauge(name: string, options: InstrumentOptions): { record(value: number, attributes: Attributes): void }
}

/** What is used of a `Tracer` of `@opentelemetry/api`. */
export interface OtelTracer {
  startSpan(
    name: string,
    options: { startTime: number; attributes: Attributes },
  ): { setStatus(status: { code: number }): unknown; end(endTime: number): void }
}

/** Where to. */
export interface OtelOptions {
  readonly tracer?: OtelTracer
  readonly meter?: OtelMeter
  /** Milliseconds since the epoch, for the spans; the system clock by default, also where the verifier has another. */
  readonly now?: () => number
}

/** `SpanStatusCode.ERROR`. */
const ERROR = 2

/**
 * The hooks: `createNodeVerifier({ ...otelHooks({ tracer, meter }) })`. One span `aiegis.verify` for each verification, below the span that is active
 * then, with the facts of the verdict; it is an error when the receiver or something that it depends on is at fault, not when it refuses.
 */
export function otelHooks({ tracer, meter, now = Date.now }: OtelOptions): AllHooks {
  const measured = meter === undefined ? undefined : measuring(meter)
  return {
    onVerdict(event) {
      measured?.onVerdict(event)
      if (tracer === undefined) return
      const end = now()
      const span = tracer.startSpan('aiegis.verify', { startTime: end - event.durationMs, attributes: attributesOf(event) })
      if (isOwnFault(event.code)) span.setStatus({ code: ERROR })
      span.end(end)
    },
    onDependency: (event) => measured?.onDependency(event),
  }
}

function measuring(meter: OtelMeter): AllHooks {
  const verdicts = meter.createCounter(VERDICTS.otel, optionsOf(VERDICTS))
  const duration = meter.createHistogram(DURATION.otel, {
    ...optionsOf(DURATION),
    advice: { explicitBucketBoundaries: [...BUCKETS] },
  })
  const dependency = meter.createGauge(DEPENDENCY.otel, optionsOf(DEPENDENCY))
  verdicts.add(0, SERVED)
  return {
    onVerdict(event) {
      verdicts.add(1, verdictLabels(event))
      duration.record(event.durationMs / 1000, { verdict: event.verdict })
    },
    onDependency(event) {
      for (const [labels, value] of dependencyStates(event)) dependency.record(value, labels)
    },
  }
}

function optionsOf({ help, unit }: Measure): InstrumentOptions {
  return { description: help, unit }
}

/** A fact that was not verified has no attribute. */
function attributesOf(event: VerdictEvent): Attributes {
  const { verdict, code, stage, harness, action, receiptId, issuer, depth, agent } = event
  const facts = {
    'aiegis.verdict': verdict,
    'aiegis.stage': stage,
    'error.type': code,
    'aiegis.harness': harness,
    'aiegis.action': action,
    'aiegis.receipt_id': receiptId,
    'aiegis.issuer': issuer,
    'aiegis.depth': depth,
    'aiegis.agent': agent,
  }
  return Object.fromEntries(
    Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )
}
