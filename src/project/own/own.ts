import { existsSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { keepManifests, OWNED, removeJournal, replaceOwned, workFolder, writeJournal } from '../checkpoint.ts'
import { git, readHead, undoCommand } from '../git.ts'
import { changeOrRestore, notFinished, prepareChange } from '../interrupted.ts'
import { type Manifest, readManifest, writeManifest } from '../manifest.ts'
import { installPackages, PACKAGE } from '../npm.ts'
import { renderOrSay } from '../run-installed.ts'
import { type Origin, readOrigin, sourceOf, writeOrigin } from './origin.ts'

type Print = (line: string) => void

/**
 * Copies the platform's sources into `./ebb`, a workspace of the project, which takes the place of the package from then on.
 * Nothing is committed. Throws a ConfigError of one sentence, with everything as it was.
 */
export async function own(project: string, print: Print): Promise<void> {
  const interrupted = await prepareChange(project)
  if (interrupted) throw await notFinished(project, interrupted)
  const { source, manifest, origin } = await readInstalled(project)
  const { version } = origin
  const journal = { doing: 'own', step: 'changing', from: version, to: version, added: [OWNED] } as const
  await changeOrRestore(project, journal, async () => {
    await keepManifests(project)
    await writeJournal(project, { ...journal, head: await readHead(project) })
    const copy = join(workFolder(project), 'copy')
    await rm(copy, { recursive: true, force: true })
    await cp(source, copy, { recursive: true })
    await writeOrigin(copy, origin)
    await replaceOwned(project, copy)
    await writeManifest(project, withWorkspace(manifest))
    await installPackages(project)
  })
  await removeJournal(project)
  await renderOrSay(project, print)
  await printIgnored(project, print)
  print(`./${OWNED} has the sources of Ebb ${version}, and this project runs them. Commit them before you change any:`)
  print(`git add --all && git commit -m "Own the platform, from Ebb ${version}"`)
  print(`npx ebb upgrade merges later versions into them; npx ebb own --back returns to the package.`)
  print(`To undo it: ${await undoCommand(project)} && npm ci`)
}

/** What the project has installed, and what is to be copied. Throws a ConfigError where that cannot be. */
async function readInstalled(project: string) {
  const exists = (path: string) => existsSync(join(project, path))
  const source = `node_modules/${PACKAGE}/source`
  if (await readOrigin(project)) throw new ConfigError(`./${OWNED} has the platform's sources already`)
  if (exists(OWNED)) throw new ConfigError(`there is a folder ${OWNED} already: give it another name`)
  if (!exists(source)) throw new ConfigError(`there is no ${source}: npm ci installs it again`)
  const { version = '' } = await readManifest(join(project, 'node_modules', PACKAGE))
  const manifest = await readManifest(project)
  const dependency = manifest.dependencies?.[PACKAGE]
  if (!dependency) throw new ConfigError(`package.json has no dependency ${PACKAGE}: npm install ${PACKAGE}`)
  const origin: Origin = { version, dependency }
  // An upgrade has to find it.
  sourceOf(project, origin)
  return { source: join(project, source), manifest, origin }
}

/** Names what git would not commit of the sources. */
async function printIgnored(project: string, print: Print): Promise<void> {
  const ignored = await git(project, ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', OWNED])
  const lost = (ignored ?? '').split('\n').filter((file) => file !== '' && !file.includes('node_modules'))
  if (lost.length > 0) print(`.gitignore has files ignored that are to be committed: ${lost.join(', ')}`)
}

/** The platform as a workspace: its version is the one that is there. */
function withWorkspace(manifest: Manifest): Manifest {
  const { workspaces = [] } = manifest
  const isList = Array.isArray(workspaces)
  const listed: readonly string[] = isList ? workspaces : (Object(workspaces).packages ?? [])
  const packages = [...listed.filter((name) => name !== OWNED), OWNED]
  return {
    ...manifest,
    workspaces: isList ? packages : { ...workspaces, packages },
    dependencies: { ...manifest.dependencies, [PACKAGE]: '*' },
  }
}
