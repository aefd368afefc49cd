/** `npm run -s curl -- GET /orders/7`: asks the running harness and prints a signed curl command that works once. @module */
import { readFileSync } from 'node:fs'
import { HarnessBlocked, HarnessFailed } from '@aiegis/agent'
import { loadKey } from '@aiegis/enforcement'
import { permit } from './attempt.ts'
import { kidOf } from './world.ts'
import { actionOf } from './orders-api.ts'

const [method = '', path = '', content] = process.argv.slice(2)
if (!/^[A-Z]{1,20}$/.test(method) || !path.startsWith('/')) {
  console.error(`npm run -s curl -- GET /orders/7\nnpm run -s curl -- POST /orders '{"item":"a chair"}'`)
  process.exit(2)
}
process.exitCode = await printCommand()

async function printCommand(): Promise<number> {
  try {
    const allowed = await permit(
      {
        protect: 'http://127.0.0.1:18081',
        passport: readFileSync('.aiegis/agent-passport.jwt', 'utf8'),
        signer: loadKey('.aiegis/agent.key', kidOf),
      },
      {
        method,
        url: `http://127.0.0.1:18082${path}`,
        action: actionOf(method, path),
        ...(content === undefined ? {} : { contentType: 'application/json', content }),
      },
    )
    console.log(commandOf(allowed.url, allowed.headers))
    return 0
  } catch (error) {
    if (error instanceof HarnessBlocked) {
      console.error(error.message)
      return 1
    }
    const isAway = error instanceof HarnessFailed || (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    if (!isAway) throw error
    console.error('the harness does not answer on port 18081; run npm start first, and leave it running')
    return 3
  }
}

function commandOf(url: string, headers: Headers): string {
  const shown = [...headers].map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
  const data = content === undefined ? [] : [`--data-raw ${quoted(content)}`]
  return ['curl -i', `-X ${method}`, quoted(url), ...shown, ...data].join(' ')
}

/** For a POSIX shell: nothing inside single quotes has a meaning. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
