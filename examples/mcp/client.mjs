/** An MCP client whose every message is shown to the harness first: the SDK's own, with another `fetch`. @module */
import { harnessFetch } from '@aiegis/agent'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

/** A client that has said hello at `url`; `agent` has protect, passport and signer, and perhaps a fetch. */
export async function connectMcp(url, agent) {
  const call = harnessFetch({ ...agent, action: ({ method }) => (method === 'GET' ? 'mcp.listen' : 'mcp.send') })
  const client = new Client({ name: 'an agent', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch: call }))
  return client
}
