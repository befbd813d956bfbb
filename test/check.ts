import { execFileSync, spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

/**
 * `npm run check`: lint, types, dead code, and all tests. `npm run check -- --changed` runs, of the tests, those that are
 * related to what git says has changed since the last commit; with `--since REF`, since this branch left that one.
 */
const { values } = parseArgs({ options: { changed: { type: 'boolean' }, since: { type: 'string' } } })

/** The files that were changed, added or moved and are there, committed or not. */
function changedFiles(since: string): readonly string[] {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { encoding: 'utf8' }).split('\n').filter(Boolean)
  const base = git('merge-base', since, 'HEAD')[0] ?? since
  return [
    ...git('diff', '--name-only', '--diff-filter=d', '--relative', base),
    ...git('ls-files', '--others', '--exclude-standard'),
  ]
}

/** The arguments of `npm test`; undefined where no test is related to anything. */
function relatedTests(since: string): readonly string[] | undefined {
  const files = changedFiles(since)
  if (files.length === 0) return undefined
  process.env.EBB_TEST_CHANGED = JSON.stringify(files)
  return ['--testSequencer=./test/support/jest-nearest.ts', '--passWithNoTests', '--findRelatedTests', ...files]
}

/** Runs a script of package.json, and ends with its status where that is a failure. */
function run(script: string, args: readonly string[] = []): void {
  const began = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...args], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  process.stdout.write(`${script}: ${((performance.now() - began) / 1_000).toFixed(1)} s\n`)
}

for (const script of ['lint', 'types', 'dead-code']) run(script)
const tests = values.changed || values.since ? relatedTests(values.since ?? 'HEAD') : []
if (tests) run('test', tests)
else process.stdout.write('test: git says that nothing has changed\n')
