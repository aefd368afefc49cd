// Tests of the packages as a Worker: POST with the name of a file gives what became of each of its tests.
import { startTests } from '@vitest/runner'
import { getTests, getFullName } from '@vitest/runner/utils'
import { FILES } from 'the tests'

const STATUS = { pass: 'passed', fail: 'failed' }

const runner = {
  config: {
    root: '/',
    setupFiles: [],
    passWithNoTests: false,
    allowOnly: false,
    sequence: { seed: 0, shuffle: false, concurrent: false, hooks: 'stack', setupFiles: 'list' },
    maxConcurrency: 1,
    testTimeout: 180_000,
    hookTimeout: 60_000,
    retry: 0,
    includeTaskLocation: false,
    tags: [],
    strictTags: false,
  },
  importFile: (file) => FILES[file.slice(1)](),
}

export default {
  async fetch(request) {
    const files = await startTests([`/${await request.text()}`], runner)
    const outcomes = files.flatMap((file) => [
      ...(file.result?.errors ?? []).map(({ stack, message }) => ({
        fullName: 'the file',
        status: 'failed',
        failureMessages: [stack ?? message],
      })),
      ...getTests(file).map((test) => ({
        fullName: getFullName(test, ' ').slice(file.name.length + 1),
        status: STATUS[test.result?.state] ?? 'pending',
        failureMessages: (test.result?.errors ?? []).map(({ stack, message }) => stack ?? message),
      })),
    ])
    return Response.json(outcomes)
  },
}
