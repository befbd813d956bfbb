import { globSync } from 'node:fs'
import { copyFile, cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addConformanceFunctions } from '../../src/conformance/index.ts'
import { emptyProject } from '../conformance/conformance-project.ts'
import { runCommand } from './run-command.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** A function whose deliveries end as dead letters, which those of conformance never do, and prices. */
const OWN = fileURLToPath(new URL('.', import.meta.url))
const FOLDERS = ['src', 'services', 'charts']
const FILES = ['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json', 'Dockerfile', '.dockerignore']
const RENDER_MS = 120_000

/** What is built and installed: this checkout with functions in the place of its own, rendered anew; those of conformance and what the checks need besides, or those of a folder. */
export async function assembleProject(functions?: string) {
  const root = await mkdtemp(join(tmpdir(), 'ebb-cluster-'))
  for (const folder of FOLDERS) await cp(join(ROOT, folder), join(root, folder), { recursive: true })
  for (const file of FILES) await copyFile(join(ROOT, file), join(root, file))
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'))
  await emptyProject(root)
  if (functions) await cp(functions, join(root, 'functions'), { recursive: true })
  else {
    await addConformanceFunctions(root)
    await letOpenfaasHaveAll(root)
    for (const folder of ['functions', 'domain']) await cp(join(OWN, folder), join(root, folder), { recursive: true })
  }
  await runCommand(process.execPath, ['src/cli.ts', 'render'], { cwd: root, limitMs: RENDER_MS })
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) }
}

/** Beside a project's own functions four of conformance would be too many for OpenFaaS CE; without those it has room for all. */
async function letOpenfaasHaveAll(root: string) {
  for (const file of globSync(join(root, 'functions/*/contract.ts')))
    await writeFile(file, (await readFile(file, 'utf8')).replace('  targets: { openfaas: false },\n', ''))
}
