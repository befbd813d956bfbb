import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { findFreePort } from '../../src/dev/ports.ts'
import { findProgram } from './find-program.ts'

export const pgbouncer = findProgram('pgbouncer')

const NOBODY = 65_534

/**
 * PgBouncer in transaction mode, until the last test of this file is over: each transaction gets any of its
 * connections. To be called where tests are declared; it returns a function that puts it before a database and returns its address.
 */
export function testPgBouncer({ poolSize }: { poolSize: number }) {
  const ends: (() => Promise<unknown>)[] = []
  afterAll(async () => {
    for (const end of ends.reverse()) await end()
  })
  return async function putBefore(databaseUrl: string): Promise<string> {
    const { hostname, port, username, password, pathname } = new URL(databaseUrl)
    const folder = await mkdtemp(join(tmpdir(), 'ebb-pgbouncer-'))
    ends.push(() => rm(folder, { recursive: true }))
    const listen = await findFreePort()
    const file = join(folder, 'pgbouncer.ini')
    // It refuses to run as root.
    const asRoot = process.getuid?.() === 0
    const settings = [
      '[databases]',
      `${pathname.slice(1)} = host=${hostname} port=${port} user=${username} password=${password}`,
      '[pgbouncer]',
      ...['listen_addr = 127.0.0.1', `listen_port = ${listen}`, 'unix_socket_dir =', 'auth_type = any'],
      // Its own 15 s before another login would outlast a test.
      ...['pool_mode = transaction', `default_pool_size = ${poolSize}`, 'server_login_retry = 1'],
      ...(asRoot ? ['user = nobody'] : []),
    ]
    await writeFile(file, settings.join('\n'))
    if (asRoot) for (const path of [folder, file]) await chown(path, NOBODY, NOBODY)

    let ending = false
    let end = () => {}
    const run = async (): Promise<void> => {
      const child = spawn(pgbouncer ?? '', [file], { stdio: ['ignore', 'ignore', 'pipe'] })
      end = () => child.kill('SIGKILL')
      let said = ''
      child.stderr.on('data', (chunk) => {
        said += chunk
        if (said.includes('process up')) up.resolve()
      })
      await once(child, 'exit')
      if (!said.includes('process up')) up.reject(new Error(`PgBouncer does not start: ${said}`))
      // Before 1.20 a cancel request may end it (pgbouncer/pgbouncer#822). A pod or a unit is started again, and so is this.
      else if (!ending) return run()
    }
    const up = Promise.withResolvers<void>()
    const over = run()
    // At another signal it waits for its clients.
    ends.push(async () => {
      ending = true
      end()
      await over
    })
    await up.promise
    return `postgres://${username}@127.0.0.1:${listen}${pathname}`
  }
}
