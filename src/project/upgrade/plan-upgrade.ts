import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { removeJournal, workFolder } from '../checkpoint.ts'
import { git } from '../git.ts'
import { type Manifest, readManifest } from '../manifest.ts'
import { PACKAGE } from '../npm.ts'
import { type Origin, readOrigin } from '../own/origin.ts'
import { type PackedPlatform, unpackPlatform } from '../packed-platform.ts'
import { readRenderedVersion } from '../rendered-version.ts'
import { compareVersions } from '../versions.ts'
import { assertNoDowngrade, findTarget } from './find-target.ts'

/** What an upgrade is going to do; nothing of it is done. */
export interface PlannedUpgrade {
  /** The version that the project is at: that of its rendered files, where package.json was raised by hand. */
  readonly from: string
  readonly to: string
  readonly platform: Pick<PackedPlatform, 'version' | 'folder'>
  /** What package.json is to say; undefined where it says so, or has the platform as a workspace. */
  readonly dependency?: string | undefined
  /** Where the platform's sources are in the project: what they were taken from, and what they will be. */
  readonly owned?: { readonly before: Origin; readonly after: Origin } | undefined
  /** Files of the project, by their paths in it, that are new, and that are not needed any more. */
  readonly added: readonly string[]
  readonly replaced: readonly string[]
  /** Keeps the packed file in the project, where that was given. */
  placeFile(): Promise<void>
}

/** Plans an upgrade; undefined where there is nothing to do. Throws a ConfigError of one sentence. */
export async function planUpgrade(project: string, given: string | undefined): Promise<PlannedUpgrade | undefined> {
  const folder = join(project, 'node_modules', PACKAGE)
  const { version: installed } = await readManifest(folder).catch((): Manifest => ({}))
  if (!installed) throw new ConfigError(`${PACKAGE} is not installed here: npm ci`)
  const rendered = await readRenderedVersion(project)
  const isBehind = rendered !== undefined && compareVersions(rendered, installed) < 0
  const from = isBehind ? rendered : installed
  if (isBehind && given === undefined) {
    const platform = { version: installed, folder }
    return { ...{ from, to: installed, platform, added: [], replaced: [] }, placeFile: async () => {} }
  }
  const target = await findTarget(project, given)
  const platform = await unpackPlatform(project, target, join(workFolder(project), 'next'))
  const to = platform.version
  await assertNoDowngrade(project, installed, to)
  if (to === from) return removeJournal(project).then(() => undefined)
  const vendored = 'file' in target ? `vendor/${PACKAGE}-${to}.tgz` : undefined
  if (vendored) await assertNotIgnored(project, vendored)
  const origin = await readOrigin(project)
  const current = origin?.dependency ?? (await readDependency(project))
  const dependency = vendored ? `file:${vendored}` : `${/^[~^]/.exec(current)?.[0] ?? ''}${to}`
  const old = /^file:(?:\.\/)?(vendor\/.*)$/.exec(current)?.[1]
  return {
    ...{ from, to, platform },
    ...(origin ? { owned: { before: origin, after: { version: to, dependency } } } : { dependency }),
    added: vendored && !existsSync(join(project, vendored)) ? [vendored] : [],
    replaced: old && old !== vendored ? [old] : [],
    placeFile: async () => {
      if (!vendored) return
      await mkdir(dirname(join(project, vendored)), { recursive: true })
      await copyFile(platform.file, join(project, vendored))
    },
  }
}

async function readDependency(project: string): Promise<string> {
  const { dependencies, devDependencies } = await readManifest(project)
  const dependency = dependencies?.[PACKAGE] ?? devDependencies?.[PACKAGE]
  if (dependency) return dependency
  throw new ConfigError(`package.json has no dependency ${PACKAGE}: npm install ${PACKAGE}`)
}

/** What git ignores is in no commit, so that it could not be brought back. */
async function assertNotIgnored(project: string, file: string): Promise<void> {
  if ((await git(project, ['check-ignore', '--quiet', file])) === undefined) return
  throw new ConfigError(`.gitignore has ${file} ignored, which is to be committed: add the line !${file}`)
}
