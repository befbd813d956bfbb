import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './projects.ts'
import { cliOf } from './running-project.ts'
import type { Platform } from './work-in-flight.ts'

/** In 0.1.0 it was no command. */
const SCRIPT = 'test/conformance/run.ts'

/** Looks whether what runs keeps what its own version promises to callers; returns the last line of that. */
export async function conform(project: string, { url, admin, adminKey }: Platform): Promise<string> {
  const command = existsSync(join(project, SCRIPT)) ? [SCRIPT] : [cliOf(project), 'conformance']
  const words = [...command, '--url', url, '--admin', admin]
  const printed = await run(project, process.execPath, words, { EBB_ADMIN_KEY: adminKey })
  return `conformance: ${printed.trim().split('\n').at(-1)}`
}
