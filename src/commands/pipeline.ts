import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readKit } from '../project/create/read-kit.ts'
import { FORGES, type Forge } from '../project/pipeline/forges.ts'
import { pipelineFile } from '../project/pipeline/pipeline-files.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const pipelineCommand: readonly Form[] = [
  form({
    description:
      'Write the pipeline of a forge: check, build once, sign, staging, production by digest, going back. Its steps are the scripts of .ci, which are the same for each forge; those that are there already stay.',
    arguments: {
      forge: {
        value: 'FORGE',
        required: true,
        choices: FORGES,
        description: 'What runs it: github, gitlab or tekton.',
      },
    },
    options: { json: JSON_OPTION },
    examples: ['pipeline gitlab'],
    run: (project, { forge, json }) => writePipeline(project, forge, json),
  }),
]

async function writePipeline(project: string, forge: Forge, json: boolean): Promise<void> {
  const { scripts } = await readKit()
  const kept = Object.keys(scripts).filter((file) => existsSync(join(project, file)))
  const fresh = Object.entries(scripts).filter(([file]) => !kept.includes(file))
  const files = { ...Object.fromEntries(fresh), ...pipelineFile(forge) }
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(project, file)), { recursive: true })
    await writeFile(join(project, file), text)
  }
  const wrote = Object.keys(files).sort()
  if (json) return printJson({ wrote, kept })
  for (const file of wrote) printLine(`wrote ${file}`)
  if (kept.length > 0) printLine(`kept ${kept.join(', ')}`)
}
