import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { pipelineFile } from '../../src/project/pipeline/pipeline-files.ts'
import { runCommand } from '../cluster/run-command.ts'
import { findProgram } from '../support/find-program.ts'
import { describeWhere } from '../support/requirements.ts'

/** test/delivery/check-tekton: `go build` there takes a minute of processor, so that CI leaves it out and the schema is held to instead. */
const CHECK = findProgram('check-tekton')
const [pipeline = ''] = Object.values(pipelineFile('tekton'))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-tekton-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What Tekton says of a pipeline: nothing where it admits it. */
async function check(text: string): Promise<string> {
  const file = join(folder, 'pipeline.yaml')
  await writeFile(file, text)
  return runCommand(CHECK ?? '', [file]).catch(({ message }: Error) => message)
}

describeWhere(CHECK ? undefined : 'no check-tekton on PATH: test/delivery/check-tekton')('Tekton itself', () => {
  it('admits the pipelines of this repository and of a project', async () => {
    expect(await runCommand(CHECK ?? '', ['.tekton/deliver.yaml'])).toBe('')
    expect(await check(pipeline)).toBe('')
  })

  it.each([
    ['runAfter:\n        - build', 'runAfter:\n        - biuld', 'biuld'],
    ['workspace: source', 'workspace: sources', 'sources'],
    ['value: $(params.registry)', 'value: $(params.registri)', 'registri'],
    ['- name: staging\n', '- name: build\n', 'expected exactly one, got both'],
    ['timeout: 45m', 'timeout: 45 minutes', '45 minutes'],
    ['name: step-2', 'name: step-1', 'step'],
  ])('refuses what no schema sees: in the place of %j %j', async (right, wrong, said) => {
    expect(pipeline).toContain(right)
    expect(await check(pipeline.replace(right, () => wrong))).toContain(said)
  })
})
