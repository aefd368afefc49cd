/** Starts the stub that is named on the command line on `PORT`. @module */
import { createStub } from './stubs.ts'

createStub(process.argv[2] ?? '').listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1')
