import { fileURLToPath } from 'node:url'
import type { Context } from './context.ts'
import { runCommand } from './run-command.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** Runs `ebb` as an operator of the cluster does: with the admin key, by a way to the admin port of a gateway. Returns what it prints. */
export async function runEbb(context: Context, words: readonly string[], input = ''): Promise<string> {
  const { kubectl, options, project: cwd } = context
  const key = await kubectl.secret(`${options.release}-gateway`, 'admin-key')
  const isLocal = words[0] === 'logs'
  const admin = isLocal ? [] : ['--admin', await context.admin()]
  const env = { EBB_ADMIN_KEY: key, NO_COLOR: '1' }
  return runCommand(process.execPath, [CLI, ...words, ...admin], { cwd, env, input })
}
