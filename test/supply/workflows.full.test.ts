import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import { pipelineFile } from '../../src/project/pipeline/pipeline-files.ts'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'

/** What each linter is told, and a fault that it has to find: what it looks for, and what stands there then. */
const LINTERS = {
  actionlint: {
    wordsFor: async (folder: string) => ['-no-color', ...(await filesOf(join(folder, '.github/workflows')))],
    fault: ['needs: build', 'needs: biuld'],
    said: 'needs job "biuld"',
  },
  zizmor: {
    wordsFor: async (folder: string) => ['--offline', '--persona', 'pedantic', join(folder, '.github')],
    fault: ['run: bash .ci/sbom', `run: echo "\${{ github.event.head_commit.message }}"`],
    said: 'template-injection',
  },
} as const

let [project, faulty]: string[] = []
beforeAll(async () => {
  project = await writeFiles(pipelineFile('github'))
  faulty = await writeFiles(pipelineFile('github'), Object.values(LINTERS))
})
afterAll(() => Promise.all([project, faulty].map((folder) => rm(folder ?? '', { recursive: true }))))

/** Files below a folder of their own, with faults in them. */
async function writeFiles(
  files: Readonly<Record<string, string>>,
  faults: readonly { readonly fault: readonly [string, string] }[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-workflows-'))
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(
      join(folder, file),
      faults.reduce((so, { fault: [right, wrong] }) => so.replace(right, wrong), text),
    )
  }
  return folder
}

const filesOf = async (folder: string) => (await readdir(folder)).map((name) => join(folder, name))

describe.each(Object.entries(LINTERS))('%s', (name, { wordsFor, said }) => {
  const linter = findProgram(name)
  const missing = linter ? undefined : `no ${name} on PATH`
  /** It ends with a status above 0 for whatever it has found, and this rejects then with its report. */
  const lint = async (folder: string) => promisify(execFile)(linter ?? '', await wordsFor(folder))

  itWhere(missing)('has nothing against the workflows of this repository', async () => {
    await lint('.')
  })
  itWhere(missing)('has nothing against the workflow of a project', async () => {
    await lint(project ?? '')
  })
  itWhere(missing)('finds what is wrong', async () => {
    const report = await lint(faulty ?? '').catch((error: { stdout: string }) => error)
    expect(report.stdout).toContain(said)
  })
})

describe('shellcheck', () => {
  const shellcheck = findProgram('shellcheck')
  const missing = shellcheck ? undefined : 'no shellcheck on PATH'
  // What a script sets is used by those that source it.
  const words = ['--shell', 'bash', '--external-sources', '--severity', 'warning', '--exclude', 'SC2034']
  const lint = (files: readonly string[]) => promisify(execFile)(shellcheck ?? '', [...words, ...files])

  itWhere(missing)('has nothing against the steps of pipelines', async () => {
    await lint([...(await filesOf('.ci')), ...(await filesOf('src/project/create/template/_ci'))])
  })
  itWhere(missing)('finds what is wrong', async () => {
    const folder = await writeFiles({ step: 'cd "$1"\nrm notes\n' })
    const report = await lint([join(folder, 'step')]).catch((error: { stdout: string }) => error)
    await rm(folder, { recursive: true })
    expect(report.stdout).toContain('SC2164')
  })
})
