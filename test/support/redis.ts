import { afterEach } from '@jest/globals'
import { findFreePort } from '../../src/dev/ports.ts'
import { type Launched, launch } from '../../src/dev/processes/lifeline.ts'
import { findProgram } from './find-program.ts'
import { itWhere } from './it-where.ts'

const program = findProgram('redis-server', 'valkey-server')

/** A test that needs a real Redis: where none is on PATH it is skipped, and says so. */
export const itWithRedis = itWhere(program ? undefined : 'no redis-server or valkey-server on PATH')

const running = new Set<Launched>()
afterEach(async () => {
  for (const server of running) {
    process.kill(server.pid, 'SIGKILL')
    await server.exited
  }
  running.clear()
})

/** A Redis on a port of its own, that a test can start, stop without a word, hold and start again. */
export async function testRedis() {
  const port = await findFreePort()
  let server: Launched | undefined
  const start = async () => {
    const ready = Promise.withResolvers<void>()
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    const onLine = (line: string) => {
      if (/ready to accept connections/i.test(line)) ready.resolve()
    }
    server = await launch([program ?? '', ...settings], { onLine })
    running.add(server)
    await ready.promise
  }
  const signal = (name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => process.kill(server?.pid ?? Number.NaN, name)
  return {
    url: `redis://127.0.0.1:${port}`,
    start,
    kill: async () => {
      signal('SIGKILL')
      await server?.exited
      if (server) running.delete(server)
    },
    hold: () => signal('SIGSTOP'),
    goOn: () => signal('SIGCONT'),
  }
}
