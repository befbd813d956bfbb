/**
 * What Tekton and Skaffold themselves make of our files, where a schema says too little: `npm run e2e:pipelines`. Go builds Tekton's
 * validation; skaffold (2.24 or later) and kubectl are on PATH.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { pipelineFile } from '../../src/project/pipeline/pipeline-files.ts'
import { runCommand } from '../cluster/run-command.ts'
import { TEKTON_FAULTS } from './tekton-faults.ts'

const BUILD_MS = 900_000
const folder = await mkdtemp(join(tmpdir(), 'ebb-pipelines-'))
const failed: string[] = []

try {
  await run('Tekton', tekton)
  for (const profile of ['kind', 'prod']) await run(`skaffold --profile ${profile}`, () => skaffold(profile))
} finally {
  await rm(folder, { recursive: true })
}
if (failed.length > 0) process.exitCode = 1

async function run(name: string, check: () => Promise<string>) {
  const beganAt = Date.now()
  const seconds = () => ((Date.now() - beganAt) / 1_000).toFixed(1)
  try {
    console.log(`passed ${name} (${await check()}; ${seconds()} s)`)
  } catch (error) {
    failed.push(name)
    console.log(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** By its own types and validation: it follows what tasks, parameters and workspaces say of each other. */
async function tekton(): Promise<string> {
  const program = join(folder, 'check-tekton')
  const env = { GOFLAGS: '-mod=readonly' }
  await runCommand('go', ['build', '-o', program, '.'], { cwd: 'test/delivery/check-tekton', env, limitMs: BUILD_MS })
  const [text = ''] = Object.values(pipelineFile('tekton'))
  const file = join(folder, 'ci.yaml')
  await writeFile(file, text)
  await runCommand(program, ['.tekton/deliver.yaml', file])
  for (const [[right, wrong], said] of TEKTON_FAULTS) {
    if (!text.includes(right)) throw new Error(`there is no ${right} to put a fault in its place`)
    await writeFile(file, text.replace(right, wrong))
    const answer = await runCommand(program, [file]).catch(({ message }: Error) => message)
    if (!answer.includes(said)) throw new Error(`${wrong} passes: ${answer}`)
  }
  return `two files, and ${TEKTON_FAULTS.length} faults found`
}

/** It takes the file, and puts every image that it builds, by its tag, where the manifests name it. */
async function skaffold(profile: string): Promise<string> {
  await runCommand('skaffold', ['diagnose', '--yaml-only', '--profile', profile])
  const { build } = parse(await readFile('skaffold.yaml', 'utf8'))
  const images: readonly string[] = build.artifacts.map(({ image }: { image: string }) => image)
  const builds = images.map((imageName) => ({ imageName, tag: `${imageName}:as-built` }))
  const file = join(folder, 'builds.json')
  await writeFile(file, JSON.stringify({ builds }))
  const words = ['render', '--offline=true', '--profile', profile, '--build-artifacts', file, '--digest-source', 'none']
  const rendered = await runCommand('skaffold', words, { limitMs: 120_000 })
  const kinds = parseAllDocuments(rendered).map((document) => document.toJS()?.kind)
  const missing = builds.filter(({ tag }) => !rendered.includes(tag))
  if (missing.length > 0) throw new Error(`no manifest has ${missing.map(({ tag }) => tag).join(', ')}`)
  return `${kinds.length} manifests, each of ${images.length} images in its place`
}
