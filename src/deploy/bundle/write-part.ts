import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { BuildOptions, Metafile } from 'esbuild'
import { buildOrSay } from './build-or-say.ts'

export interface Part {
  readonly file: string
  /** Of its content: the same source gives the same bytes and the same name. */
  readonly hash: string
  /** What it was made of, as absolute paths. */
  readonly inputs: ReadonlySet<string>
  /** What it asks for at run time. */
  readonly imports: ReadonlySet<string>
  /** How much of it each of its inputs is. */
  readonly bytesOf: ReadonlyMap<string, number>
}

/** What every bundle is: one minified CommonJS file for the pinned Node, with its source map beside it. */
const BUNDLE: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
  legalComments: 'none',
  sourcemap: 'external',
  sourcesContent: false,
  // CommonJS is not split: what is imported dynamically is in the bundle, or required when it is asked for.
  supported: { 'dynamic-import': false },
  logLevel: 'silent',
  write: false,
  metafile: true,
}

/**
 * Bundles into `<folder>/<name>-<hash>.cjs`. Rejects with esbuild's BuildFailure where it does not compile, or would not
 * do what its source does.
 */
export async function writePart(root: string, folder: string, name: string, options: BuildOptions): Promise<Part> {
  const outfile = join(folder, `${name}.cjs`)
  const { outputFiles = [], metafile } = await buildOrSay({ ...BUNDLE, absWorkingDir: root, outfile, ...options })
  const code = outputFiles.find(({ path }) => path.endsWith('.cjs'))
  const map = outputFiles.find(({ path }) => path.endsWith('.map'))
  if (!code || !map || !metafile) throw new Error(`esbuild made no bundle of ${name}`)
  const hash = createHash('sha256').update(code.contents).digest('hex').slice(0, 12)
  const file = join(folder, `${basename(name)}-${hash}.cjs`)
  await mkdir(folder, { recursive: true })
  await replaceFile(`${file}.map`, map.contents)
  await replaceFile(file, code.contents)
  const outputs = Object.values(metafile.outputs)
  return {
    ...{ file, hash },
    inputs: new Set(Object.keys(metafile.inputs).map((input) => resolve(root, input))),
    imports: new Set(outputs.flatMap((output) => output.imports.map(({ path }) => path))),
    bytesOf: bytesIn(metafile, root),
  }
}

/** How much of what was written each input is, by its absolute path. */
export function bytesIn({ outputs }: Metafile, root: string): ReadonlyMap<string, number> {
  const sizes = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
  return new Map(sizes.map(([input, { bytesInOutput }]) => [resolve(root, input), bytesInOutput]))
}

/** Writes a file so that nobody ever reads half of it. */
export async function replaceFile(file: string, contents: string | Uint8Array): Promise<void> {
  const unfinished = `${file}.${randomUUID()}`
  await writeFile(unfinished, contents)
  await rename(unfinished, file)
}
