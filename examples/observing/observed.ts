import { createNodeVerifier, requireAiegisToken } from '@aiegis/express'
import { joinHooks } from '@aiegis/verifier'
import { otelHooks } from '@aiegis/verifier/otel'
import { prometheusHooks } from '@aiegis/verifier/prometheus'
import { metrics, trace } from '@opentelemetry/api'
import express from 'express'
import { pino } from 'pino'
import * as client from 'prom-client'
import { pinoHooks } from './pino.ts'

const verifier = createNodeVerifier(
  joinHooks(
    pinoHooks(pino()),
    prometheusHooks(client), // or only one of the two: the names agree
    otelHooks({ tracer: trace.getTracer('aiegis'), meter: metrics.getMeter('aiegis') }),
  ),
)

const app = express()
app.get('/metrics', async (_request, response) => {
  response.type(client.register.contentType).send(await client.register.metrics())
})
app.use(requireAiegisToken({ verifier }))
app.listen(18082, '127.0.0.1')
