import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { loadEnvFile } from 'node:process'
import { ConfigError, inheritedEnv } from '../kernel/index.ts'

const NAME = 'EBB_ENV_FILE'

/**
 * Adds the settings of `.env`, or of the file that EBB_ENV_FILE names, to those of this process; what is set already stays. A file
 * that is named has to be there.
 */
export function readEnvFile(root: string): void {
  const named = inheritedEnv([NAME])[NAME]
  const file = resolve(root, named ?? '.env')
  if (existsSync(file)) loadEnvFile(file)
  else if (named !== undefined) throw new ConfigError(`${NAME}: there is no file ${file}`)
}
