import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type BuildOptions, type BuildResult, build, type Message, type Metafile } from 'esbuild'

/** A program: a file that can be run, and what that file loads. */
export interface Bundle {
  readonly file: string
  /** A hash of its content: the same source has the same bytes and the same revision. */
  readonly revision: string
  /** The sources that it was built from, as absolute paths. */
  readonly inputs: ReadonlySet<string>
}

/** One file of a bundle as esbuild wrote it: a program, the main code of a function, or a lazy part. */
export interface Chunk {
  readonly file: string
  /** A hash of its content: the same source has the same bytes and the same name. */
  readonly hash: string
  /** The sources that it was built from, as absolute paths. */
  readonly inputs: ReadonlySet<string>
  /** What it imports at run time. */
  readonly imports: ReadonlySet<string>
  /** How many bytes of it come from each of its inputs. */
  readonly bytesOf: ReadonlyMap<string, number>
}

/** Every bundle is one minified CommonJS file for the pinned Node, with its source map beside it. */
const BUNDLE: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
  legalComments: 'none',
  sourcemap: 'external',
  sourcesContent: false,
  // esbuild does not split CommonJS: what is imported dynamically is in the bundle, or required on first use.
  supported: { 'dynamic-import': false },
  logLevel: 'silent',
  write: false,
  metafile: true,
}

/**
 * Bundles into `<folder>/<name>-<hash>.cjs`. Rejects with esbuild's BuildFailure where it does not compile, or would not
 * behave like its source.
 */
export async function writeChunk(project: string, folder: string, name: string, options: BuildOptions): Promise<Chunk> {
  const outfile = join(folder, `${name}.cjs`)
  const { outputFiles = [], metafile } = await runEsbuild({ ...BUNDLE, absWorkingDir: project, outfile, ...options })
  const code = outputFiles.find(({ path }) => path.endsWith('.cjs'))
  const map = outputFiles.find(({ path }) => path.endsWith('.map'))
  if (!code || !map || !metafile) throw new Error(`esbuild wrote no bundle of ${name}`)
  const hash = createHash('sha256').update(code.contents).digest('hex').slice(0, 12)
  const file = join(folder, `${basename(name)}-${hash}.cjs`)
  await mkdir(folder, { recursive: true })
  await replaceFile(`${file}.map`, map.contents)
  await replaceFile(file, code.contents)
  const outputs = Object.values(metafile.outputs)
  return {
    ...{ file, hash },
    inputs: new Set(Object.keys(metafile.inputs).map((input) => resolve(project, input))),
    imports: new Set(outputs.flatMap((output) => output.imports.map(({ path }) => path))),
    bytesOf: bytesIn(metafile, project),
  }
}

/** How many bytes of the output come from each input, by its absolute path. */
export function bytesIn({ outputs }: Metafile, project: string): ReadonlyMap<string, number> {
  const sizes = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  return new Map(sizes.map(([input, { bytesInOutput }]) => [resolve(project, input), bytesInOutput]))
}

/** Writes a file atomically: a reader sees the old or the new content. */
export async function replaceFile(file: string, contents: string | Uint8Array): Promise<void> {
  const unfinished = `${file}.${randomUUID()}`
  await writeFile(unfinished, contents)
  await rename(unfinished, file)
}

/** What works in a source and not in a bundle, by esbuild's message, and what to write instead. */
const REMEDIES: readonly (readonly [message: RegExp, remedy: string])[] = [
  [
    /"?import\.meta"? is not available/,
    'Once it is built, a function has no files beside it: import data as JSON, `import x from "./x.json" with { type: "json" }`, ' +
      'and keep any other text in a .ts file that exports it.',
  ],
  [
    /Top-level await is/,
    'Await it in the handler, or keep its promise at the top, `const ready = load()`, and await that in the handler.',
  ],
  [
    /No loader is configured for/,
    'A function can import .ts, .js and .json files: keep any other text in a .ts file that exports it.',
  ],
]
const EMPTY_IMPORT_META = 'empty-import-meta'
const PACKAGES = /(^|\/)node_modules\//

/**
 * Builds, and rejects with a BuildFailure whose errors say what to write instead. A warning of esbuild is such an error, too,
 * where the bundle would behave differently from its source.
 */
async function runEsbuild<Options extends BuildOptions>(options: Options): Promise<BuildResult<Options>> {
  try {
    const result = await build<Options>(options as never)
    // Packages check whether it exists.
    const lost = result.warnings.filter(
      ({ id, location }) => id === EMPTY_IMPORT_META && !PACKAGES.test(location?.file ?? ''),
    )
    if (lost.length === 0) return result
    throw Object.assign(new Error('it would not behave like its source'), { errors: lost })
  } catch (error) {
    const { errors } = Object(error) as { errors?: readonly Message[] }
    throw errors
      ? Object.assign(new Error('it cannot be built', { cause: error }), { errors: errors.map(withRemedy) })
      : error
  }
}

function withRemedy(message: Message): Message {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(message.text))?.[1]
  return remedy ? { ...message, notes: [{ text: remedy, location: null }] } : message
}
