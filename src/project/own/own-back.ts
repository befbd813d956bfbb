import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { keepManifests, OWNED, removeJournal, replaceOwned, workFolder, writeJournal } from '../checkpoint.ts'
import { readHead, undoCommand } from '../git.ts'
import { changeOrRestore, notFinished, prepareChange } from '../interrupted.ts'
import { type Manifest, readManifest, writeManifest } from '../manifest.ts'
import { installPackages, PACKAGE } from '../npm.ts'
import { unpackPlatform } from '../packed-platform.ts'
import { renderOrSay } from '../run-installed.ts'
import { findPatches } from './merge-trees.ts'
import { readOrigin, sourceOf } from './origin.ts'

type Print = (line: string) => void

/**
 * Returns from the platform's sources in `./ebb` to the package of the same version, and prints which patches are lost; git has
 * them still. Nothing is committed. Throws a ConfigError of one sentence, with everything as it was.
 */
export async function ownBack(project: string, print: Print): Promise<void> {
  const interrupted = await prepareChange(project)
  if (interrupted) throw await notFinished(project, interrupted)
  const origin = await readOrigin(project)
  if (!origin) throw new ConfigError(`this project has no ./${OWNED}: it runs the package already`)
  const { version, dependency } = origin
  const unpack = () => unpackPlatform(project, sourceOf(project, origin), join(workFolder(project), 'base'))
  const { folder } = await changeOrRestore(project, { added: [] }, unpack)
  const patches = await findPatches(join(folder, 'source'), join(project, OWNED))
  const journal = { doing: 'own --back', step: 'changing', from: version, to: version, added: [] } as const
  await changeOrRestore(project, journal, async () => {
    await keepManifests(project)
    await writeJournal(project, { ...journal, head: await readHead(project) })
    await replaceOwned(project, undefined)
    await writeManifest(project, withoutWorkspace(await readManifest(project), dependency))
    await installPackages(project)
  })
  await removeJournal(project)
  await renderOrSay(project, print)
  print(`This project runs the package of Ebb ${version} again.`)
  if (patches.length > 0) print(['What is lost; git has it still:', ...patches].join(`\n  ${OWNED}/`))
  print(`To undo it: ${await undoCommand(project)} && npm ci`)
}

function withoutWorkspace(manifest: Manifest, dependency: string): Manifest {
  const { workspaces = [], ...others } = manifest
  const isList = Array.isArray(workspaces)
  const listed: readonly string[] = isList ? workspaces : (Object(workspaces).packages ?? [])
  const packages = listed.filter((name) => name !== OWNED)
  return {
    ...others,
    ...(packages.length > 0 ? { workspaces: isList ? packages : { ...workspaces, packages } } : {}),
    dependencies: { ...manifest.dependencies, [PACKAGE]: dependency },
  }
}
