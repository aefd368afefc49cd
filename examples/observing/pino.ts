import type { EventHooks } from '@aiegis/verifier'
import type { Logger } from 'pino'

/** One line for each verdict and for each change of a dependency; levels say what somebody should look at. */
export function pinoHooks(log: Logger): EventHooks {
  return {
    onVerdict(event) {
      const level = event.verdict === 'served' ? 'info' : event.code === 'misconfigured' ? 'error' : 'warn'
      log[level]({ aiegis: event }, event.code ?? 'served')
    },
    onDependency(event) {
      log[event.state === 'up' ? 'info' : 'error']({ aiegis: event }, `${event.dependency} ${event.state}`)
    },
  }
}
