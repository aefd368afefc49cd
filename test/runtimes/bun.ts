/** The receiver on Bun. @module */
import { createMemoryReplayStore } from '@aiegis/verifier'
import { control, serve, type OwnStore } from './receiver.ts'

declare const Bun: {
  serve(options: { readonly port: 0; readonly hostname: string; readonly fetch: (request: Request) => Promise<Response> }): {
    readonly port: number
  }
}

const memory: OwnStore = (now) => createMemoryReplayStore({ singleProcess: true, now })
const local = { port: 0, hostname: '127.0.0.1' } as const
const receiver = Bun.serve({ ...local, fetch: (request) => serve(request) })
const controlled = Bun.serve({ ...local, fetch: (request) => control(request, memory) })
console.log(JSON.stringify({ receiver: receiver.port, control: controlled.port }))
