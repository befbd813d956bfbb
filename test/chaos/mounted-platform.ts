import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inheritedEnv } from 'ebb/kernel'
import { mountSecret } from '../support/mounted-secret.ts'
import { followOutput } from './follow-output.ts'
import { CONTRACTS } from './notes.ts'
import { startRouter } from './router.ts'

export const PARTS = ['gateway', 'relay', 'keep-note', 'hear-note'] as const
export type Part = (typeof PARTS)[number]
export type Settings = Readonly<Record<string, string>>

/** Gateway, relay and two functions as processes, each with its settings in files as a Secret is mounted. */
export async function startMountedPlatform(settings: Readonly<Record<Part, Settings>>) {
  const opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-mounted-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'contracts-1.cjs'), CONTRACTS)
  await writeFile(join(folder, 'contracts'), 'contracts-1.cjs')
  const ports = new Map<string, number>()
  const router = await startRouter((name) => ports.get(name) ?? 0)
  opened.defer(router.close)
  const env = {
    ...{ EBB_HOST: '127.0.0.1', PORT: '0', EBB_UPSTREAM_TEMPLATE: `${router.url}/{name}` },
    ...{ EBB_CONTRACTS: join(folder, 'contracts'), EBB_POOL_MAX: '10', EBB_ADMIN_PORT: '0' },
    ...{ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
  }
  const start = async (part: Part) => {
    const secret = mountSecret(settings[part])
    opened.defer(secret.remove)
    const files = Object.fromEntries(Object.keys(settings[part]).map((name) => [`${name}_FILE`, secret.file(name)]))
    const script = part.endsWith('note') ? ['test/chaos/serve-note.ts', part] : [`services/${part}/index.ts`]
    const child = spawn(process.execPath, script, {
      env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), ...env, ...files },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    opened.defer(() => void child.kill('SIGKILL'))
    const followed = await followOutput(child, part === 'relay' ? 'relay ready' : 'listening')
    ports.set(part, Number(followed.ready.port))
    return [part, { ...followed, mount: (next: Settings) => secret.replace({ ...settings[part], ...next }) }] as const
  }
  const started = await Promise.all(PARTS.map(start))
  const parts = new Map(started)
  const partOf = (part: Part) => {
    const found = parts.get(part)
    if (!found) throw new Error(`${part} was not started`)
    return found
  }
  return {
    url: `http://127.0.0.1:${ports.get('gateway')}/v1/notes`,
    admin: `http://127.0.0.1:${partOf('gateway').ready.adminPort}`,
    /** Replaces some of a part's settings. */
    mount: (part: Part, next: Settings) => partOf(part).mount(next),
    lines: (part: Part) => partOf(part).lines,
    close: () => opened.disposeAsync(),
  }
}
