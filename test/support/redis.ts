import { afterEach } from '@jest/globals'
import { assertPortFree } from '../../src/dev/ports.ts'
import { type Program, startProgram } from '../../src/dev/processes/start-child.ts'
import { findProgram } from './find-program.ts'
import { itWhere } from './requirements.ts'

const redisProgram = findProgram('redis-server', 'valkey-server')

/** A test that needs a real Redis: where none is on PATH it is skipped, and says so. */
export const itWithRedis = itWhere(redisProgram ? undefined : 'no redis-server or valkey-server on PATH')

const runningServers = new Set<Program>()
afterEach(async () => {
  for (const server of runningServers) {
    process.kill(server.pid, 'SIGKILL')
    await server.exited
  }
  runningServers.clear()
})

/** Below those that the system gives out: nobody is given it while this Redis is away. */
async function findLastingPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const isFree = await assertPortFree('PORT', port).then(
      () => true,
      () => false,
    )
    if (isFree) return port
  }
}

/** A Redis on a port of its own, that a test can start, stop without a word, hold and start again. */
export async function testRedis() {
  const port = await findLastingPort()
  let server: Program | undefined
  const start = async () => {
    const ready = Promise.withResolvers<void>()
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const onLine = (line: string) => {
      if (/ready to accept connections/i.test(line)) ready.resolve()
    }
    server = await startProgram([redisProgram ?? '', ...settings], { onLine })
    runningServers.add(server)
    const ended = server.exited.then(() => Promise.reject(new Error(`Redis on port ${port} ended before it was ready`)))
    await Promise.race([ready.promise, ended])
  }
  const signal = (name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => process.kill(server?.pid ?? Number.NaN, name)
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    kill: async () => {
      signal('SIGKILL')
      await server?.exited
      if (server) runningServers.delete(server)
    },
    hold: () => signal('SIGSTOP'),
    goOn: () => signal('SIGCONT'),
  }
}
