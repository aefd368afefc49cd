/** The command `tail`: prints new entries as they come, each proven to extend what was seen before (spec chapter 17.12). @module */
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeBase64url, equal, formatTilePath, hashLeaf, rootOf, TILE_WIDTH, widthOf, type Checkpoint } from '@aiegis/protocol'
import { parseBundle } from '../bundle.ts'
import { growTree, noFullTile, nodesOf, type Tree } from '../tree.ts'
import { BrokenLog, treeBefore } from '../verify-log.ts'
import type { Command } from './commands.ts'
import { clearOf, clearSentence, leafSentence, readLeaf } from './entries.ts'
import { Unreachable, WrongCall, type ExitCode } from './failures.ts'
import { checkSigned, shownHead } from './heads.ts'
import { CODES, JSON_OPTION, KEYS, WHERE } from './help.ts'
import { withLog, type OpenLog } from './one-log.ts'
import { countIn } from './options.ts'
import type { Output } from './output.ts'

export const tail: Command = {
  line: 'tail',
  summary: 'print the newest entries, and new ones as they come',
  help: `usage: aiegis-ledger tail [--db WHERE | --url URL] (--vkey VKEY | --trust FILE) [--lines 10]
       [--once] [--json]

Prints the newest entries, then new ones until it is interrupted. Each head that comes is proven
to extend the one before: a log that goes back or shows another history ends it with exit code
1. A file is copied each time that it changed: of a large one the URL of its server is read
faster.

  --lines N       how many entries to begin with
  --once          do not wait for new ones
  --interval N    seconds between two looks, 2 when absent
${WHERE}
${KEYS}
${JSON_OPTION}
${CODES}`,
  options: ['db', 'url', 'vkey', 'trust', 'former-vkey', 'lines', 'once', 'interval'],
  words: [0, 0],
  run({ values }, output) {
    const lines = countIn(values.lines ?? '10', '--lines')
    const interval = countIn(values.interval ?? '2', '--interval')
    if (interval < 1 || interval > MAX_INTERVAL) throw new WrongCall(`--interval is 1 to ${MAX_INTERVAL} seconds`)
    return withLog(values, async (log): Promise<ExitCode> => {
      let seen = await printFrom(log, log.head, await treeAt(log, Math.max(0, Number(log.head.size) - lines)), output)
      if (values.once === true) return 0
      let isAway = false
      while (await waited(interval, output.signal)) {
        try {
          await log.source.refresh()
          const head = await shownHead(log.source)
          await checkSigned(log.crypto, head, log.keys)
          if (head.size < BigInt(seen.size))
            throw new BrokenLog(`the log went back: it ended after ${seen.size} entries, and now after ${head.size}`)
          seen = await printFrom(log, head, seen, output)
          isAway = false
        } catch (error) {
          if (!(error instanceof Unreachable)) throw error
          if (!isAway) output.note(`${error.message}; trying again`)
          isAway = true
        }
      }
      return 0
    })
  },
}

const MAX_INTERVAL = 3_600

/** The tree over the first entries: proven when it grows into a head that was signed. */
async function treeAt({ crypto, source, head }: OpenLog, start: number): Promise<Tree> {
  const aligned = start - (start % TILE_WIDTH)
  const tree = await treeBefore(crypto, (path) => source.get(path), aligned, Number(head.size))
  const leaves = await leavesFrom(source, aligned, start, Number(head.size))
  return growTree(
    crypto,
    tree,
    leaves.map((leaf) => hashLeaf(crypto, leaf)),
  ).tree
}

/** Prints what a head has beyond a tree, when all of it was seen to lead to that head. */
async function printFrom(log: OpenLog, head: Checkpoint, from: Tree, output: Output): Promise<Tree> {
  const { crypto, source } = log
  const size = Number(head.size)
  const fresh: (readonly [number, Uint8Array])[] = []
  let tree = from
  while (tree.size < size) {
    const leaves = await leavesFrom(source, tree.size, size, size)
    fresh.push(...leaves.map((leaf, offset) => [tree.size + offset, leaf] as const))
    tree = growTree(
      crypto,
      tree,
      leaves.map((leaf) => hashLeaf(crypto, leaf)),
    ).tree
  }
  if (!equal(rootOf(crypto, nodesOf(tree, noFullTile), tree.size), head.root))
    throw new BrokenLog(`the head over ${size} entries does not extend what was seen before`, { last: size - 1 })
  for (const [index, leaf] of fresh) {
    const read = readLeaf(leaf)
    const clear = await clearOf(crypto, source, index, leaf)
    const said = clearSentence(clear)
    output.tell(
      'entry',
      {
        index,
        leaf: read ?? null,
        leaf_bytes: encodeBase64url(leaf),
        clear_state: clear.state,
        clear: clear.opens ? (clear.value ?? null) : null,
      },
      [`${index} ${leafSentence(read)}${said === undefined ? '' : `: ${said}`}`],
    )
  }
  return tree
}

/** Leaves from `start` on, at most to the end of their bundle and before `end`. */
async function leavesFrom(source: OpenLog['source'], start: number, end: number, size: number): Promise<readonly Uint8Array[]> {
  if (start >= end) return []
  const n = Math.floor(start / TILE_WIDTH)
  const path = formatTilePath({ level: 'entries', n: BigInt(n), width: widthOf(size, 0, n) })
  const leaves = parseBundle(await source.get(path)).slice(start % TILE_WIDTH, end - n * TILE_WIDTH)
  if (leaves.length === 0) throw new BrokenLog(`${path} does not have entry ${start}`)
  return leaves
}

/** False when the caller wants no more. */
async function waited(seconds: number, signal: AbortSignal | undefined): Promise<boolean> {
  await sleep(seconds * 1_000, undefined, signal && { signal }).catch(() => undefined)
  return signal?.aborted !== true
}
