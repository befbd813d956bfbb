import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePort } from '../../src/dev/ports.ts'
import { findProgram } from './find-program.ts'

export const pgbouncer = findProgram('pgbouncer')

const NOBODY = 65_534

/** Starts PgBouncer in transaction mode before a database: each transaction gets any of its connections. */
export async function startPgBouncer(databaseUrl: string, { poolSize }: { readonly poolSize: number }) {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const folder = await mkdtemp(join(tmpdir(), 'ebb-pgbouncer-'))
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

  const up = Promise.withResolvers<void>()
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
  const over = run()
  const stop = async () => {
    ending = true
    // At another signal it waits for its clients.
    end()
    await over
    await rm(folder, { recursive: true })
  }
  await up.promise
  return { url: `postgres://${username}@127.0.0.1:${listen}${pathname}`, stop }
}
