/** An agent calls the tools of an MCP server: one is served, one is not, and neither without evidence. Any surprise ends with exit code 1. @module */
import { HarnessBlocked } from '@aiegis/agent'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { heading, say, scene } from '../dist/story/print.js'
import { connectMcp } from './client.mjs'
import { createWorld } from './world.mjs'

const world = await createWorld()
const client = await connectMcp(world.url, world.agent)
const argumentsOf = { id: '7' }

const SCENES = [
  {
    name: 'the tools are listed',
    ends: 'read_note delete_note',
    tools: [],
    play: async () => (await client.listTools()).tools.map(({ name }) => name).join(' '),
  },
  {
    name: 'a tool that is listed, its answer a stream',
    ends: 'progress 1 2, note 7: buy a lamp',
    tools: ['read_note'],
    play: async () => {
      const seen = []
      const onprogress = ({ progress }) => void seen.push(progress)
      const { content } = await client.callTool({ name: 'read_note', arguments: argumentsOf }, undefined, { onprogress })
      return `progress ${seen.join(' ')}, ${content[0].text}`
    },
  },
  {
    name: 'a tool that is not listed',
    ends: 'decision_block: tool not listed',
    tools: [],
    play: async () => endOf(client.callTool({ name: 'delete_note', arguments: argumentsOf })),
  },
  {
    name: 'that tool under the decision about the other',
    ends: '401 content_mismatch',
    tools: [],
    play: async () => {
      const changed = await connectMcp(world.url, { ...world.agent, fetch: swapTool })
      return endOf(changed.callTool({ name: 'read_note', arguments: argumentsOf }))
    },
  },
  {
    name: 'a client without a harness',
    ends: '401 token_missing',
    tools: [],
    play: async () =>
      endOf(new Client({ name: 'x', version: '1' }).connect(new StreamableHTTPClientTransport(new URL(world.url)))),
  },
]

try {
  heading('An MCP server behind the check')
  let good = true
  for (const { name, ends, tools, play } of SCENES) {
    const before = world.calls.length
    const ended = await play()
    const ran = world.calls.slice(before).map(({ tool }) => tool)
    const expected = ended === ends && ran.join() === tools.join()
    good &&= expected
    const status = /^(decision_block|\d)/.test(ended) ? 401 : 200
    scene(name, { status, code: status === 200 ? 'done' : ended.replace('401 ', '') }, status === 200 ? ended : '', expected)
    if (!expected) say(`expected ${ends} and ${tools.join() || 'no tool'}; it was ${ended} and ${ran.join() || 'no tool'}`)
  }
  console.log(good ? '\nEvery scene ended as it must.' : '\nSomething ended otherwise than it must.')
  process.exitCode = good ? 0 : 1
} finally {
  await client.close()
  await world.close()
}

/** How a call ended that should not have been served. */
async function endOf(call) {
  try {
    return `served ${JSON.stringify(await call)}`
  } catch (error) {
    if (error instanceof HarnessBlocked) return `decision_block: ${error.decision.reason}`
    const [, code] = /"code":"(\w+)"/.exec(error.message) ?? []
    return `${error.code} ${code}`
  }
}

/** Lets the harness decide about the one tool and sends the other. */
async function swapTool(url, init) {
  const isCall = url === world.url && Buffer.from(init.body ?? '').includes('read_note')
  return fetch(url, isCall ? { ...init, body: Buffer.from(init.body).toString().replace('read_note', 'delete_note') } : init)
}
