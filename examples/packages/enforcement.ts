import { parseFlags, startServer } from '@aiegis/enforcement'

const { enforcement } = await startServer(parseFlags(['--state', '/var/lib/aiegis', '--did', 'did:web:harness.example']))
console.log(enforcement.url) // POST /api/protect
console.log(JSON.stringify(enforcement.trustFragment())) // what receivers put into aiegis-trust.json
