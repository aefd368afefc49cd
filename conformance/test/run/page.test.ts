/** The page of results in a real browser: filter, fold and copy work, at 400 pixels, in the dark, without an error of a script. @module */
import { createServer } from 'node:http'
import chromium from '@sparticuz/chromium'
import { chromium as browsers, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Case } from '../../src/build/index.ts'
import { junitOf } from '../../src/report/junit.ts'
import { markdownOf } from '../../src/report/markdown.ts'
import { pageOf, visible } from '../../src/report/page.ts'
import { KEPT_BYTES, type CaseResult, type Verdict } from '../../src/run/result.ts'
import { listening, type Listening } from './program.ts'
import { resultOf } from './results.ts'

/** What a receiver could send to steer the page, the XML or the Markdown. */
const HOSTILE = '</script><img src=x onerror="document.title=\'taken\'"><!-- ]]> | `x` \u0000\u001b[31m'

const result = resultOf("--exec 'node receiver.js'", [
  caseResult('not-claimed', 'NOT_CLAIMED', 'serve'),
  caseResult('served-well', 'PASS', 'serve'),
  caseResult('refused-wrongly', 'FAIL', 'refuse', HOSTILE),
  caseResult('not-measured', 'INCONCLUSIVE', 'refuse'),
])

function caseResult(id: string, verdict: Verdict, side: Case['side'], words = 'the status is 200 and not 401'): CaseResult {
  const about: Case = {
    id,
    group: 'group-of-some',
    title: `About ${id}`,
    level: 'basic',
    must: ['AHP-TIME-2'],
    side,
    base: 'plain',
    change: [],
    expect: { code: 'token_expired' },
  }
  const shot = {
    label: 'changed',
    sent: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    received: Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${words}`),
    receivedBytes: 19 + words.length,
    outcome: '200',
    milliseconds: 3,
    nonce: 'nonce',
    effects: 1,
    effectsExpected: 0,
    parts: {},
  }
  return {
    case: about,
    verdict,
    faults: verdict === 'PASS' ? [] : [words],
    shots: [{ ...shot, label: 'control' }, shot],
    milliseconds: 9,
  }
}

let browser: Browser
let page: Page
let host: Listening
const errors: string[] = []

beforeAll(async () => {
  const html = pageOf(result)
  host = await listening(
    createServer((_request, response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end(html)),
  )
  browser = await browsers.launch({ executablePath: await chromium.executablePath(), args: chromium.args, headless: true })
  const context = await browser.newContext({ viewport: { width: 400, height: 800 }, colorScheme: 'dark' })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: host.url })
  page = await context.newPage()
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('favicon')) errors.push(message.text())
  })
  await page.goto(host.url)
})

afterAll(async () => {
  await browser.close()
  await host.close()
})

test('says the verdict, and opens what to fix first', async () => {
  expect(await page.textContent('#verdict')).toBe('Not conformant: ahp-receiver/0.1 basic is not obtained.')
  expect(await page.title()).toBe('Not conformant: ahp-receiver/0.1 basic is not obtained.')
  expect(await page.textContent('#counts')).toBe('1 PASS, 1 FAIL, 1 INCONCLUSIVE, 1 NOT_CLAIMED')
  expect(await page.locator('details[open]').count()).toBe(1)
  expect(await page.locator('details[open] summary code').textContent()).toBe('refused-wrongly')
  expect(await page.textContent('#first')).toBe('Fix first: refused-wrongly: About refused-wrongly')
  expect(await page.getAttribute('#first a', 'href')).toBe('#case-refused-wrongly')
})

test('shows what is wrong before what passed, with the requirement in its own words', async () => {
  expect(await page.locator('summary code').allTextContents()).toEqual([
    'refused-wrongly',
    'not-measured',
    'served-well',
    'not-claimed',
  ])
  expect(await page.locator('details[open] .rule').textContent()).toMatch(
    /^AHP-TIME-2 \(spec\/12-times\.md\): A receiver MUST refuse a token when/,
  )
  expect(await page.locator('details[open] h2').allTextContents()).toEqual([
    expect.stringMatching(/^changed: 200/),
    'answer',
    expect.stringMatching(/^control: 200/),
    'answer',
  ])
})

test('shows what a receiver sent as text', async () => {
  expect(await page.locator('#cases img').count()).toBe(0)
  expect(await page.locator('details[open] li').textContent()).toBe(HOSTILE)
  expect(await page.locator('details[open] pre').last().textContent()).toContain(String.raw`</script><img src=x`)
})

test('filters by words, verdict and group', async () => {
  const shown = (): Promise<string | null> => page.textContent('#shown')
  expect(await shown()).toBe('4 of 4')
  await page.fill('#query', 'about not-measured')
  expect(await shown()).toBe('1 of 4')
  expect(await page.locator('details:visible').count()).toBe(1)
  await page.fill('#query', 'token_expired')
  expect(await shown()).toBe('4 of 4')
  await page.fill('#query', '')
  await page.selectOption('#verdicts', 'FAIL')
  expect(await shown()).toBe('1 of 4')
  await page.selectOption('#verdicts', '')
  await page.selectOption('#groups', 'group-of-some')
  expect(await shown()).toBe('4 of 4')
  await page.selectOption('#groups', '')
})

test('folds and unfolds', async () => {
  await page.click('#fold')
  expect(await page.locator('details[open]').count()).toBe(0)
  await page.click('#unfold')
  expect(await page.locator('details[open]').count()).toBe(4)
  await page.click('#fold')
  await page.locator('summary').first().click()
  expect(await page.locator('details[open]').count()).toBe(1)
})

test('copies the command that shows a case again', async () => {
  await page.click('#unfold')
  await page.locator('details', { hasText: 'served-well' }).getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  const copied = await page.evaluate('navigator.clipboard.readText()')
  expect(copied).toBe("npm run conformance -- run --exec 'node receiver.js' --only served-well")
})

test('is readable at 400 pixels and in the dark', async () => {
  await page.click('#unfold')
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400)
  const colours = await page.evaluate(
    `[getComputedStyle(document.querySelector('h1')).color, getComputedStyle(document.documentElement).colorScheme, matchMedia('(prefers-color-scheme: dark)').matches]`,
  )
  expect(colours).toEqual(['rgb(255, 123, 114)', 'light dark', true])
})

test('has no error of a script and loads nothing', () => {
  expect(errors).toEqual([])
})

test('bytes that cannot be seen are written as escapes, and no two byte strings look alike', () => {
  expect(visible(Buffer.from('a\r\nb\\\n\u0000\u00ff'))).toBe('a\nb\\\\\\n\n\\x00\\xc3\\xbf')
  expect(visible(Buffer.alloc(KEPT_BYTES, 'a'), KEPT_BYTES + 5)).toMatch(/a\n… 5 bytes more$/)
  expect(visible(Buffer.from('\\x00'))).not.toBe(visible(Buffer.from('\u0000')))
})

test('what a receiver sent steers neither XML nor Markdown', () => {
  for (const text of ['<img', '\u0000', '\u001b']) expect(junitOf(result)).not.toContain(text)
  expect(junitOf(result)).toMatch('tests="4" failures="2" errors="0" skipped="1"')
  const row = markdownOf(result)
    .split('\n')
    .find((line) => line.startsWith('| `refused-wrongly`'))
  expect(row?.split(/(?<!\\)\|/)).toHaveLength(6)
  expect(row).not.toMatch(/(?<!\\)</)
})
