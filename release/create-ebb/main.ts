import { outliveReader } from '../../src/commands/command.ts'
import { createForms } from '../../src/commands/create-forms.ts'
import { describeVerb } from '../../src/commands/describe-verbs.ts'
import { runVerb } from '../../src/commands/run-verb.ts'
import { UsageError } from '../../src/commands/usage-error.ts'
import type { CreateKit } from '../../src/project/create/project-files.ts'

/** Defined by pack-create-ebb.ts, so that no file has to be found at run time. */
declare const CREATE_KIT: CreateKit

/** It is `ebb create`, by the name that this has where there is no Ebb yet. */
const rename = (text: string) => text.replaceAll(/(npx )?ebb create\b/g, 'npm create ebb --')

async function main(args: readonly string[]): Promise<void> {
  const forms = createForms(async () => CREATE_KIT)
  if (!args.some((arg) => arg === '--help' || arg === '-h')) return runVerb('create', forms, { project: '', args })
  const verb = { summary: 'Create a project', load: async () => forms }
  process.stdout.write(`${rename(describeVerb('create', verb, forms))}\n`)
}

outliveReader()
main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`create-ebb: ${rename(error instanceof Error ? error.message : String(error))}\n`)
  // As `ebb` does: 2 for what was typed, 1 for what went wrong.
  process.exitCode = error instanceof UsageError ? 2 : 1
})
