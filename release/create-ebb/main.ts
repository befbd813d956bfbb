import { ConfigError } from '../../src/kernel/config-error.ts'
import {
  askOptions,
  CREATE_USAGE,
  completeOptions,
  createProject,
  parseCreate,
} from '../../src/project/create/index.ts'
import type { CreateKit } from '../../src/project/create/project-files.ts'

/** Defined by pack-create-ebb.ts, so that no file has to be found at run time. */
declare const CREATE_KIT: CreateKit

const USAGE = `npm create ebb ${CREATE_USAGE.replace('FOLDER', 'FOLDER --')}`
const print = (line: string) => void process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<void> {
  if (args.some((arg) => arg === '--help' || arg === '-h'))
    return print(`Creates a project of your own on Ebb:\n\n  ${USAGE}`)
  const { folder, ...options } = await askOptions(parseCreate(args))
  if (!folder) throw new ConfigError(`name the folder of the new project: ${USAGE}`)
  await createProject(completeOptions(folder, options), CREATE_KIT, print)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`create-ebb: ${error instanceof Error ? error.message : error}\n`)
  // As `ebb` does: 2 for what was typed, 1 for what went wrong.
  process.exitCode = /^ERR_PARSE_ARGS/.test(Object(error).code) ? 2 : 1
})
