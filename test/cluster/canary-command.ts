import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { AdminOutput } from '../../src/protocol/admin/admin-endpoint.ts'
import type { listCanaries } from '../../src/protocol/admin/canaries.ts'
import { callAdmin } from './callers.ts'
import type { Context } from './context.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

type Canaries = AdminOutput<typeof listCanaries>['canaries']

/** `ebb canary`, on this cluster: its exit code and output. */
export async function ebbCanary(context: Context, args: readonly string[]) {
  const { kubectl, options } = context
  const key = await kubectl.secret(`${options.release}-gateway`, 'admin-key')
  const where = ['--namespace', options.namespace, '--admin', await context.admin()]
  const child = spawn(process.execPath, [CLI, 'canary', ...args, ...where], {
    env: { ...process.env, EBB_ADMIN_KEY: key },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, output: `${stdout}${stderr}`.trim() }
}

/** What the admin API says of the canary of a function. */
export const stateOf = async (context: Context, name: string) =>
  (await callAdmin<{ canaries: Canaries }>(context, '/v1/canaries')).canaries.find((canary) => canary.name === name)
