import { join } from 'node:path'
import { platformModule } from '../deploy/platform-files.ts'
import { type Manifest, readManifest } from './manifest.ts'
import { PACKAGE } from './npm.ts'
import { runInProject } from './run-in-project.ts'
import type { ProgramResult } from './run-program.ts'

/** Runs the command of the Ebb that a project has installed now: it may be another one than this. */
export async function runInstalled(project: string, args: readonly string[]): Promise<ProgramResult> {
  const folder = join(project, 'node_modules', PACKAGE)
  const { bin } = await readManifest(folder).catch((): Manifest => ({}))
  const file = typeof bin === 'string' ? bin : bin?.[PACKAGE]
  return runInProject(project, 'node', [file ? join(folder, file) : platformModule('src/cli'), ...args])
}

/** Renders a project's files, with the options of its own script where it has one. */
export async function renderInstalled(project: string): Promise<ProgramResult> {
  const { scripts } = await readManifest(project)
  const isOwnScript = /\bebb render\b|cli\.ts render\b/.test(scripts?.render ?? '')
  return isOwnScript ? runInProject(project, 'npm', ['run', '--silent', 'render']) : runInstalled(project, ['render'])
}

/** Renders what depends on where the platform is: the Dockerfile. That it cannot be rendered is no reason to undo anything. */
export async function renderOrSay(project: string, print: (line: string) => void): Promise<void> {
  const { code, stderr } = await renderInstalled(project)
  if (code !== 0) print(`Run npx ebb render once it can: ${stderr.trim().replace(/^ebb: /, '')}`)
}
