import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadEnvFile } from 'node:process'
import { ConfigError, inheritedEnv } from '../kernel/index.ts'

const NAME = 'EBB_ENV_FILE'

/**
 * Loads `.env`, or the file that EBB_ENV_FILE names, into the environment of this process; variables that are set already win.
 * A file that is named has to exist.
 */
export function readEnvFile(root: string): void {
  const named = inheritedEnv([NAME])[NAME]
  const file = resolve(root, named ?? '.env')
  if (existsSync(file)) loadEnvFile(file)
  else if (named !== undefined) throw new ConfigError(`${NAME}: there is no file ${file}`)
}
