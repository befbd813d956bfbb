import { execFileSync, spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

/**
 * `npm run check`: lint, types, dead code, and all tests. With `-- --changed`, of the tests only those that are related to
 * what git says has changed since the last commit; with `--since REF`, since this branch left that one.
 */
const { values } = parseArgs({ options: { changed: { type: 'boolean' }, since: { type: 'string' } } })

for (const script of ['lint', 'types', 'dead-code']) run(script)
if (values.changed || values.since) testRelated(changedFiles(values.since ?? 'HEAD'))
else run('test')

/** Runs a script of package.json, and ends with its status if it fails. */
function run(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): void {
  const startedAt = performance.now()
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (status !== 0) process.exit(status ?? 1)
  process.stdout.write(`${script}: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`)
}

/** The files that were added, changed or moved, committed or not. */
function changedFiles(since: string): readonly string[] {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, { encoding: 'utf8' }).split('\n').filter(Boolean)
  const [base = since] = git('merge-base', since, 'HEAD')
  const tracked = git('diff', '--name-only', '--diff-filter=d', base)
  return [...tracked, ...git('ls-files', '--others', '--exclude-standard')]
}

function testRelated(files: readonly string[]): void {
  if (files.length === 0) return void process.stdout.write('test: git says that nothing has changed\n')
  const args = ['--testSequencer=./test/support/jest-nearest.ts', '--passWithNoTests', '--findRelatedTests', ...files]
  run('test', args, { EBB_TEST_CHANGED: JSON.stringify(files) })
}
