/** Starts the Koa fixture on `PORT`; the bundle comes from `AIEGIS_TRUST`. @module */
import { createNodeVerifier } from '@aiegis/koa'
import { ACTIONS } from '../echo.ts'
import { createReceiver } from './receiver.ts'

const verifier = createNodeVerifier({ actions: ACTIONS })
createReceiver(verifier).listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
