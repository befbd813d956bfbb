import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { inheritedEnv } from 'ebb/kernel'

/** `npm run fuzz -- --requests 20000 --seed 7`: the fuzz that `npm test` runs shortly, for as long as it is asked to. */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
  },
})
const { status } = spawnSync('npm', ['test', '--', 'test/security/fuzz'], {
  env: { ...inheritedEnv(['PATH', 'HOME', 'TMPDIR']), EBB_FUZZ_REQUESTS: values.requests, EBB_SEED: values.seed },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
