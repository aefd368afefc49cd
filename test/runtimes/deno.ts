/** The receiver on Deno. @module */
import { createMemoryReplayStore } from '@aiegis/verifier'
import { control, serve, type OwnStore } from './receiver.ts'

declare const Deno: {
  serve(
    options: { readonly port: 0; readonly hostname: string; readonly onListen: () => void },
    handler: (request: Request) => Promise<Response>,
  ): { readonly addr: { readonly port: number } }
}

const memory: OwnStore = (now) => createMemoryReplayStore({ singleProcess: true, now })
const local = { port: 0, hostname: '127.0.0.1', onListen: () => {} } as const
const receiver = Deno.serve(local, (request) => serve(request))
const controlled = Deno.serve(local, (request) => control(request, memory))
console.log(JSON.stringify({ receiver: receiver.addr.port, control: controlled.addr.port }))
