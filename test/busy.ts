import { spawn } from 'node:child_process'

/**
 * `npm run test:busy -- FILES`: the tests beside six busy processes, as on a machine that has much else to do. A test
 * that fails only here has a limit that is no condition.
 */
const PROCESSES = 6
const LIMIT_MS = 3_600_000

/** Ends after its limit, and between two turns where its standard input does: with its parent, however that goes. */
const burn = `
  process.stdin.once('end', () => process.exit()).resume()
  const until = Date.now() + ${LIMIT_MS}
  const turn = () => {
    for (const next = Date.now() + 50; Date.now() < next; );
    if (Date.now() > until) process.exit()
    setImmediate(turn)
  }
  turn()`

const busy = Array.from({ length: PROCESSES }, () =>
  spawn(process.execPath, ['--eval', burn], { stdio: ['pipe', 'ignore', 'inherit'] }),
)
const tests = spawn('npm', ['test', '--', ...process.argv.slice(2)], { stdio: 'inherit' })
tests.once('close', (code) => {
  for (const one of busy) one.kill('SIGKILL')
  process.exitCode = code ?? 1
})
