import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { cleanEnv, launch } from '../processes/lifeline.ts'
import type { Binaries } from './binaries.ts'
import type { RunAs } from './run-as.ts'

export interface Passwords {
  postgres: string
  ebb: string
}

/** Makes the data folder with the role and the database ebb; everything is on disk when it answers. */
export async function fillCluster(
  data: string,
  binaries: Binaries,
  runAs: RunAs,
  passwords: Passwords,
  signal: AbortSignal,
): Promise<void> {
  await initdb(data, binaries, runAs, signal)
  await writeFile(join(data, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n', { flush: true })
  // A server of one process, for nobody else to reach: the passwords stand before the first port opens.
  await runSql(data, binaries, runAs, signal, [
    `ALTER ROLE postgres PASSWORD '${passwords.postgres}'`,
    `CREATE ROLE ebb LOGIN CREATEDB PASSWORD '${passwords.ebb}'`,
    'CREATE DATABASE ebb OWNER ebb',
  ])
}

async function initdb(data: string, binaries: Binaries, runAs: RunAs, signal: AbortSignal): Promise<void> {
  const said: string[] = []
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const command = [join(binaries.folder, 'bin/initdb'), '-D', data, '-U', 'postgres', '--auth=reject', ...locale]
  const program = await launch([...runAs.prefix, ...command, '--no-instructions'], {
    ids: runAs.ids,
    onLine: (line) => said.push(line),
  })
  if (signal.aborted) program.letGo()
  signal.addEventListener('abort', program.letGo, { once: true })
  const { code } = await program.closed
  signal.removeEventListener('abort', program.letGo)
  signal.throwIfAborted()
  if (code !== 0) throw new Error(said.join('\n') || `initdb ended with ${code}`)
}

async function runSql(data: string, binaries: Binaries, runAs: RunAs, signal: AbortSignal, statements: string[]) {
  const postgres = [join(binaries.folder, 'bin/postgres'), '--single', '-D', data, '-c', 'exit_on_error=on', 'postgres']
  const [command = '', ...args] = [...runAs.prefix, ...postgres]
  const child = spawn(command, args, { ...runAs.ids, cwd: '/', env: cleanEnv, detached: true, signal })
  child.stdout.resume()
  child.stdin.on('error', () => {}) // it may end before it has read everything
  child.stdin.end(`${statements.join('\n')}\n`)
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  if (code !== 0) throw new Error(said || `postgres --single ended with ${code}`)
}
