/** Hooks that count for Prometheus with the client that the application has; nothing of a client is imported (spec chapter 13.4). @module */
import type { AllHooks } from './join.ts'
import { BUCKETS, DEPENDENCY, dependencyStates, DURATION, SERVED, VERDICTS, verdictLabels, type Measure } from './measures.ts'

type Labels = Readonly<Record<string, string>>

interface Configuration<Registry> {
  name: string
  help: string
  labelNames: string[]
  registers: Registry[]
}

/** What is used of `prom-client`, 14 and 15: give the whole module. */
export interface PrometheusClient<Registry> {
  readonly register: Registry
  readonly Counter: new (configuration: Configuration<Registry>) => { inc(labels: Labels, value?: number): void }
  readonly Histogram: new (configuration: Configuration<Registry> & { buckets: number[] }) => {
    observe(labels: Labels, value: number): void
  }
  readonly Gauge: new (configuration: Configuration<Registry>) => { set(labels: Labels, value: number): void }
}

/**
 * Makes the metrics in `registry`, by default that of the client, and gives the hooks that feed them: `createNodeVerifier({
 * ...prometheusHooks(client) })`. Once for each registry: the client throws for a second metric of one name. Serving them is the application's.
 */
export function prometheusHooks<Registry>(client: PrometheusClient<Registry>, registry: Registry = client.register): AllHooks {
  const of = ({ prometheus, help, labels }: Measure): Configuration<Registry> => ({
    name: prometheus,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  const verdicts = new client.Counter(of(VERDICTS))
  const duration = new client.Histogram({ ...of(DURATION), buckets: [...BUCKETS] })
  const dependency = new client.Gauge(of(DEPENDENCY))
  verdicts.inc(SERVED, 0)
  return {
    onVerdict(event) {
      verdicts.inc(verdictLabels(event))
      duration.observe({ verdict: event.verdict }, event.durationMs / 1000)
    },
    onDependency(event) {
      for (const [labels, value] of dependencyStates(event)) dependency.set(labels, value)
    },
  }
}
