import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { ConfigError } from '../../kernel/config-error.ts'
import { readPackedVersion } from '../packed-ebb.ts'
import { runProgram } from '../run-program.ts'
import { describeBegun, endBegun, isBegun, MARKER } from './begun-project.ts'
import { commitProject } from './commit-project.ts'
import type { CreateOptions } from './create-options.ts'
import { installPackages } from './install-packages.ts'
import { type CreateKit, type Files, type ProjectSettings, projectFiles } from './project-files.ts'
import { assertProjectName } from './project-name.ts'
import { assertFree, DISK_FULL, writeProject } from './write-project.ts'

/**
 * Creates a project: its files, at once or not at all; its packages; what is rendered; and its first commit. One that was
 * interrupted goes on when it is created again. Throws a ConfigError of one sentence that says what to do.
 */
export async function createProject(options: CreateOptions, kit: CreateKit, print: (line: string) => void) {
  const { folder, name, example, ci } = options
  assertProjectName(name)
  if (example === 'shop' && Object.keys(kit.shop).length === 0) {
    throw new ConfigError('this copy of Ebb has no shop in it: create a project without --example')
  }
  const { version, dependency, packed } = await findEbb(options.ebb ?? kit.version)
  const settings: ProjectSettings = { name, example, dependency, ...(ci === undefined ? {} : { ci }) }
  if (!(await isBegun(folder, settings))) await assertFree(folder)
  const files = { ...projectFiles(settings, kit), ...packed, [MARKER]: describeBegun(settings) }
  const undo = await writeProject(folder, files)
  if (options.install) {
    print('Installing packages…')
    await install(folder, { undo, isFound: packed !== undefined })
    await render(folder)
  }
  const remark = options.git ? await commitProject(folder, `Create ${name} with Ebb ${version}`) : undefined
  await endBegun(folder)
  for (const line of lastLines(options, remark)) print(line)
}

/** What package.json says of a version or of a packed Ebb, which goes into the project. */
async function findEbb(given: string): Promise<{ version: string; dependency: string; packed?: Files }> {
  if (/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(given)) return { version: given, dependency: given }
  if (!/\.(tgz|tar\.gz)$/.test(given)) {
    throw new ConfigError(
      `--ebb takes a version, such as 1.2.3, or a packed Ebb, such as ebb-1.2.3.tgz, and not ${given}`,
    )
  }
  const bytes = await readFile(given).catch((cause) => {
    throw new ConfigError(`--ebb: ${given} cannot be read (${Object(cause).code})`, { cause })
  })
  const version = readPackedVersion(given, bytes)
  const file = `vendor/ebb-${version}.tgz`
  return { version, dependency: `file:${file}`, packed: { [file]: bytes } }
}

interface InstallContext {
  readonly undo: () => Promise<void>
  /** Whether Ebb itself comes from a file, and from no registry. */
  readonly isFound: boolean
}

async function install(folder: string, { undo, isFound }: InstallContext): Promise<void> {
  const failure = await installPackages(folder)
  if (!failure) return
  const { kind, reason } = failure
  if (kind === 'disk-full' || kind === 'version') await undo()
  if (kind === 'disk-full') throw new ConfigError(`${folder}: ${DISK_FULL}`)
  if (kind === 'version') {
    const advice = isFound ? 'is npm asking the registry that you mean?' : 'name another version, or a file, with --ebb'
    throw new ConfigError(`nothing was written, since npm did not find every package (${reason}): ${advice}`)
  }
  const what = kind === 'network' ? `npm reached no registry (${reason})` : `npm install failed (${reason})`
  throw new ConfigError(`${folder} is written, but ${what}: later, repeat this command, or run there: ${LATER}`)
}

const LATER = 'npm install && npm run render'

async function render(folder: string): Promise<void> {
  const { code, stdout, stderr } = await runProgram('npm', ['run', '--silent', 'render'], folder)
  if (code !== 0) throw new ConfigError(`npm run render failed in ${folder}: ${stderr.trim() || stdout.trim()}`)
}

function lastLines({ folder, name, install, git }: CreateOptions, remark: string | undefined): readonly string[] {
  const path = relative('.', folder) || '.'
  const cd = path === '.' ? [] : [`  cd ${/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`}`]
  const rest = install ? [] : [`  ${LATER}${git ? ' && git add . && git commit --amend --no-edit' : ''}`]
  return [
    `${name} is ready.`,
    ...(remark ? [remark] : []),
    ...['', ...cd, ...rest, '  npm start', '', 'Its README.md has a tour of three minutes.'],
  ]
}
