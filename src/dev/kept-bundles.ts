import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { type Bundle, OPTIONAL_SOURCES, replaceFile } from '../build/index.ts'
import { PLATFORM, PLATFORM_PACKAGE } from '../deploy/platform-files.ts'

/** Bundles that this data directory has from an earlier run: what has not changed is not built again. */
export interface KeptBundles {
  /**
   * The bundle of an earlier run, when it is asked for first; undefined if there is none of this key, or if anything has changed
   * that it was built from, or by.
   */
  find(name: string, key?: string): Bundle | undefined
  /** Keeps a bundle for the next run, in the background. Where that fails, the next run builds it again. */
  keep(name: string, built: BuiltBundle): void
  /** Resolves when all is written. */
  settled(): Promise<void>
}

interface BuiltBundle {
  readonly bundle: Bundle
  /** What it was built with that no file says. */
  readonly key?: string
  /** The files that it consists of. */
  readonly files: readonly string[]
  /** When its sources had not been read yet, by Date.now(). */
  readonly startedAt: number
}

/** What the file of a kept bundle says. All paths are relative to the project, which may be moved. */
interface KeptRecord extends Omit<Bundle, 'inputs'> {
  readonly name: string
  readonly key: string
  readonly node: string
  readonly inputs: readonly string[]
  /** The stamps of all files that it was built from and by, and of those that it consists of. */
  readonly stamps: Readonly<Record<string, string>>
}

const RECORD_SUFFIX = '.kept.json'

/**
 * Opens the bundles in `folder`, and removes from it what is of no use any more. A file is unchanged where its size and its time
 * of change are, as for esbuild's own watcher.
 */
export async function openKeptBundles(project: string, folder: string): Promise<KeptBundles> {
  const around = await filesAround(project)
  const names = await readdir(folder).catch(() => [])
  const records = await readRecords(folder, names)
  const files = new Set([...around, ...records.flatMap(({ stamps }) => Object.keys(stamps))])
  const now = await stampsOf(project, files)
  const isCurrent = ({ node, stamps }: KeptRecord) =>
    node === process.version && [...around, ...Object.keys(stamps)].every((file) => stamps[file] === now[file])
  const current = records.filter(isCurrent)
  const found = new Map(current.map((record) => [record.name, record]))
  const inFolder = relative(project, folder)
  await removeUnused(folder, { names, used: current.map((record) => [record.name, filesIn(record, inFolder)]) })

  const write = async (name: string, { bundle, key = '', files, startedAt }: BuiltBundle) => {
    const toRelative = (file: string) => relative(project, file)
    const inputs = [...bundle.inputs].map(toRelative)
    const sources = [...new Set([...inputs, ...around])]
    // What was saved while it was built may be in it or not.
    if ((await Promise.all(sources.map((file) => changedAt(project, file)))).some((at) => at >= startedAt)) return
    const record: KeptRecord = {
      ...{ name, key, node: process.version, file: toRelative(bundle.file), revision: bundle.revision, inputs },
      stamps: await stampsOf(project, [...sources, ...files.map(toRelative)]),
    }
    await replaceFile(join(folder, `${name}${RECORD_SUFFIX}`), JSON.stringify(record)).catch(() => {})
  }
  let writing: Promise<unknown> = Promise.resolve()
  return {
    find: (name, key = '') => {
      const record = found.get(name)
      found.delete(name)
      if (record?.key !== key) return undefined
      const toAbsolute = (file: string) => resolve(project, file)
      const { file, revision, inputs } = record
      return { file: toAbsolute(file), revision, inputs: new Set(inputs.map(toAbsolute)) }
    },
    keep: (name, built) => {
      writing = Promise.all([writing, write(name, built)])
    },
    settled: async () => void (await writing),
  }
}

/** The files that are no input of any bundle and decide what it is: those of the builder, and what resolves imports. */
async function filesAround(project: string): Promise<readonly string[]> {
  const builder = join(PLATFORM, 'src/build')
  const ofPlatform = [
    ...(await readdir(builder)).map((name) => join(builder, name)),
    ...['package.json', 'tsconfig.json'].map((name) => join(PLATFORM_PACKAGE, name)),
  ]
  const ofProject = ['package.json', 'tsconfig.json', 'node_modules/.package-lock.json', 'domain/policy']
  return [...ofPlatform.map((file) => relative(project, file)), ...ofProject, ...OPTIONAL_SOURCES]
}

async function readRecords(folder: string, names: readonly string[]): Promise<readonly KeptRecord[]> {
  const files = names.filter((name) => name.endsWith(RECORD_SUFFIX)).map((name) => join(folder, name))
  // Half of one was written when the power went: as if there were none.
  const texts = await Promise.all(
    files.map((file) =>
      readFile(file, 'utf8')
        .then(JSON.parse)
        .catch(() => undefined),
    ),
  )
  return texts.filter((record) => record !== undefined)
}

const filesIn = ({ stamps }: KeptRecord, folder: string) =>
  Object.keys(stamps).flatMap((file) => (dirname(file) === folder ? [basename(file)] : []))

interface RemoveUnusedOptions {
  readonly names: readonly string[]
  /** The names of kept bundles, each with its files. */
  readonly used: readonly (readonly [name: string, files: readonly string[]])[]
}

/** Each save leaves a bundle, of which only the last is of use. Beside a bundle lie its source map and its code caches. */
async function removeUnused(folder: string, { names, used }: RemoveUnusedOptions) {
  const kept = used.flatMap(([name, files]) => [`${name}${RECORD_SUFFIX}`, ...files])
  const unused = names.filter((name) => !kept.some((file) => name.startsWith(file)))
  await Promise.all(unused.map((name) => rm(join(folder, name), { recursive: true, force: true })))
}

async function stampsOf(project: string, files: Iterable<string>): Promise<Record<string, string>> {
  const stamp = async (file: string) => {
    const found = await stat(resolve(project, file)).catch(() => undefined)
    return [file, found ? `${found.size} ${found.mtimeMs}` : ''] as const
  }
  return Object.fromEntries(await Promise.all([...files].map(stamp)))
}

const changedAt = async (project: string, file: string): Promise<number> =>
  (await stat(resolve(project, file)).catch(() => undefined))?.mtimeMs ?? 0
