/** Starts the Express fixture on `PORT`; the bundle comes from `AIEGIS_TRUST`. @module */
import { createFixtureVerifier, createReceiver } from './receiver.ts'

const verifier = createFixtureVerifier()
createReceiver(verifier).listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
