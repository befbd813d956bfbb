import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { untilTrue } from '../support/until.ts'

export interface RunningProject {
  readonly url: string
  readonly admin: string
  readonly adminKey: string
  readonly keys: Readonly<Record<string, string>>
  /** As Ctrl-C does: requests in hand are finished. */
  stop(): Promise<void>
}

interface StartOptions {
  readonly databaseUrl: string
  /** The data folder of the project; its secrets are taken from there when the next version starts. */
  readonly home: string
  readonly secretsFrom?: string
}

/** The command line of the Ebb that a project uses: of the package, of owned sources, or of a checkout as it was before both. */
export const cliOf = (project: string): string =>
  ['node_modules/ebb/dist/src/cli.js', 'node_modules/ebb/src/cli.ts', 'src/cli.ts']
    .map((file) => join(project, file))
    .find((file) => existsSync(file)) ?? 'no Ebb is installed'

/** Runs a project's own Ebb with a database that others use, too. */
export async function startProject(project: string, { databaseUrl, home, secretsFrom }: StartOptions) {
  await mkdir(home, { recursive: true, mode: 0o700 })
  if (secretsFrom) await cp(join(secretsFrom, 'secrets.json'), join(home, 'secrets.json'))
  const child = spawn(process.execPath, [cliOf(project), 'dev', '--json'], {
    cwd: project,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, PORT: '0', EBB_ADMIN_PORT: '0' },
      ...{ EBB_HOME: home, DATABASE_URL: databaseUrl, VISIT_SALT: 'salt' },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  return readReady(child)
}

async function readReady(child: ChildProcess): Promise<RunningProject> {
  let ready: RunningProject | undefined
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue
    createInterface({ input: stream }).on('line', (line) => {
      if (line.startsWith('{"event":"ready"')) ready = JSON.parse(line)
      if (output.length < 100) output.push(line)
    })
  }
  const exited = once(child, 'close')
  await untilTrue(() => ready !== undefined || child.exitCode !== null, { limitMs: 120_000, what: 'Ebb is ready' })
  if (!ready) throw new Error(`Ebb did not start:\n${output.join('\n')}`)
  return {
    ...ready,
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}
