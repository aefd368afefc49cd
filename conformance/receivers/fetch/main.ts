/** Starts the Hono fixture on `PORT`; the bundle comes from `AIEGIS_TRUST`. @module */
import { createNodeVerifier } from '@aiegis/fetch/hono-node'
import { serve } from '@hono/node-server'
import { ACTIONS } from '../echo.ts'
import { createReceiver } from './receiver.ts'

const verifier = createNodeVerifier({ actions: ACTIONS })
serve({ fetch: createReceiver(verifier).fetch, port: Number(process.env['PORT'] ?? 3000), hostname: '127.0.0.1' })
