/** An MCP server over HTTP with two tools, behind the check: which tool is called stands in the content, so the policy decides it. @module */
import { getAiegis, requireAiegisToken } from '@aiegis/express'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { z } from 'zod'

/** What each method at /mcp needs to have been decided. */
export const ACTIONS = {
  'POST /mcp': { action: 'mcp.send', body: { presence: 'required', mediaTypes: ['application/json'] } },
  'GET /mcp': 'mcp.listen',
}

/** The app; `onCall` hears of each tool that ran and on whose request. */
export function createMcpApp(verifier, onCall) {
  const app = express()
  app.use(requireAiegisToken({ verifier }))
  app.use(express.json())
  app.post('/mcp', async (request, response) => {
    const { presenter } = getAiegis(request)
    // One server for each message: who sent it, and with which decision, is of this message alone.
    const server = createTools((tool) => onCall(tool, presenter.did))
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
    response.on('close', () => void server.close())
    await server.connect(transport)
    await transport.handleRequest(request, response, request.body)
  })
  app.get('/mcp', (_request, response) => void response.sendStatus(405)) // no stream besides the answers
  return app
}

function createTools(onCall) {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  const inputSchema = { id: z.string() }
  server.registerTool('read_note', { description: 'Reads a note', inputSchema }, async ({ id }, { _meta, sendNotification }) => {
    onCall('read_note')
    const progressToken = _meta?.progressToken
    // The answer is a stream of events; all of it is under the one decision.
    for (const progress of progressToken === undefined ? [] : [1, 2])
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total: 2 } })
    return { content: [{ type: 'text', text: `note ${id}: buy a lamp` }] }
  })
  server.registerTool('delete_note', { description: 'Deletes a note', inputSchema }, async ({ id }) => {
    onCall('delete_note')
    return { content: [{ type: 'text', text: `note ${id} is gone` }] }
  })
  return server
}
