import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { inheritedEnv } from 'ebb/kernel'

/** `npm run e2e:cache-leaks -- --requests 100000 --seed 7`: what `npm test` runs shortly, for as long as it is asked to. */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
})
const { status } = spawnSync('npm', ['test', '--', 'test/security/cache-leaks'], {
  env: { ...inheritedEnv(['PATH', 'HOME', 'TMPDIR']), EBB_LEAK_REQUESTS: values.requests, EBB_SEED: values.seed },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
