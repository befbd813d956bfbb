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

const USAGE = `npm ${CREATE_USAGE.replace('create FOLDER', 'create ebb FOLDER --')}`
const print = (line: string) => void process.stdout.write(`${line}\n`)

async function main(args: readonly string[]): Promise<void> {
  if (args.some((arg) => arg === '--help' || arg === '-h'))
    return print(`Creates a project of your own on Ebb:\n\n  ${USAGE}`)
  await createProject(completeOptions(await askOptions(parseCreate(args))), CREATE_KIT, print)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`create-ebb: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
