import { existsSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { keepManifests, OWNED, removeJournal, replaceOwned, workFolder, writeJournal } from '../checkpoint.ts'
import { git, readHead, undoCommand } from '../git.ts'
import { changeOrRestore, notFinished, prepareChange } from '../interrupted.ts'
import { type Manifest, readManifest, writeManifest } from '../manifest.ts'
import { installPackages, PACKAGE } from '../npm.ts'
import { readOrigin, sourceOf, writeOrigin } from './origin.ts'

type Print = (line: string) => void

/**
 * Copies the platform's sources into `./ebb`, a workspace of the project, which takes the place of the package from then on.
 * Nothing is committed. Throws a ConfigError of one sentence, with everything as it was.
 */
export async function own(project: string, print: Print): Promise<void> {
  const interrupted = await prepareChange(project)
  if (interrupted) throw await notFinished(project, interrupted)
  if (await readOrigin(project)) throw new ConfigError(`./${OWNED} has the platform's sources already`)
  if (existsSync(join(project, OWNED)))
    throw new ConfigError(`there is a folder ${OWNED} already: give it another name`)
  const installed = join(project, 'node_modules', PACKAGE)
  const source = join(installed, 'source')
  if (!existsSync(source))
    throw new ConfigError(`node_modules/${PACKAGE} has no folder source: npm ci installs it again`)
  const [manifest, { version = '' }] = [await readManifest(project), await readManifest(installed)]
  const dependency = manifest.dependencies?.[PACKAGE]
  if (!dependency) throw new ConfigError(`package.json has no dependency ${PACKAGE}: npm install ${PACKAGE}`)
  const origin = { version, dependency }
  sourceOf(project, origin)
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
  const ignored = await git(project, ['ls-files', '--others', '--ignored', '--exclude-standard', '--directory', OWNED])
  const lost = (ignored ?? '').split('\n').filter((file) => file !== '' && !file.includes('node_modules'))
  if (lost.length > 0) print(`.gitignore has files ignored that are to be committed: ${lost.join(', ')}`)
  print(`./${OWNED} has the sources of Ebb ${version}, and this project runs them. Commit them before you change any:`)
  print(`git add ${OWNED} package.json package-lock.json && git commit -m "Own the platform, from Ebb ${version}"`)
  print(`npx ebb upgrade merges later versions into them; npx ebb own --back returns to the package.`)
  print(`To undo it: ${await undoCommand(project)} && npm ci`)
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
