import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { findFunctions } from './find-functions.ts'

export interface Bundle {
  readonly file: string
  /** Of its content: the same source gives the same bytes and the same revision. */
  readonly revision: string
  /** What it was made of, as absolute paths. */
  readonly inputs: ReadonlySet<string>
}

/** What every bundle is: one minified CommonJS file for the pinned Node, with its source map beside it. */
const BUNDLE: BuildOptions = {
  bundle: true,
  minify: true,
  keepNames: true,
  platform: 'node',
  target: 'node26',
  format: 'cjs',
  sourcemap: 'linked',
  legalComments: 'none',
  // Optional native parts of pg, which it looks for and goes without.
  external: ['pg-native'],
  logLevel: 'silent',
  write: false,
  metafile: true,
}

/** Bundles one function as its image will hold it. Rejects with esbuild's BuildFailure where it does not compile. */
export const bundleFunction = (root: string, name: string, folder: string): Promise<Bundle> =>
  write(root, folder, name, { entryPoints: [join(root, 'functions', name, 'index.ts')] })

/** Bundles all contracts for gateway and relay, as `contracts-<hash>.cjs`. */
export async function bundleContracts(root: string, folder: string, { version }: { version: string }): Promise<Bundle> {
  const names = await findFunctions(root)
  const contents = contractsEntry(names, version)
  return write(root, folder, 'contracts', {
    stdin: { contents, resolveDir: root, loader: 'ts', sourcefile: 'contracts.ts' },
  })
}

/** Turns the pointer file to a bundle beside it: a reader sees the old or the new one and nothing between. */
export const pointTo = (pointer: string, { file }: Bundle): Promise<void> => replace(pointer, basename(file))

function contractsEntry(names: readonly string[], version: string): string {
  const imports = names.map((name, i) => `import c${i} from './functions/${name}/contract.ts'`)
  const contracts = names.map((name, i) => `${JSON.stringify(name)}: c${i}`)
  return `
    import { contractSet } from './src/contract/contract-set.ts'
    import { openapi as render } from './src/deploy/openapi.ts'
    ${imports.join('\n')}
    const contracts = { ${contracts.join(', ')} }
    const set = contractSet(contracts, undefined)
    export const { routes, subscriptions, validate, validateEvent } = set
    export const openapi = render(Object.values(contracts), ${JSON.stringify({ version })})`
}

async function write(root: string, folder: string, name: string, options: BuildOptions): Promise<Bundle> {
  const { outputFiles = [], metafile } = await build({
    ...BUNDLE,
    ...options,
    absWorkingDir: root,
    outfile: join(folder, `${name}.cjs`),
  })
  const code = outputFiles.find(({ path }) => path.endsWith('.cjs'))
  const map = outputFiles.find(({ path }) => path.endsWith('.map'))
  if (!code || !map) throw new Error(`esbuild made no bundle of ${name}`)
  const revision = createHash('sha256').update(code.contents).digest('hex').slice(0, 12)
  const file = join(folder, `${name}-${revision}.cjs`)
  await mkdir(folder, { recursive: true })
  await replace(`${file}.map`, map.contents)
  await replace(file, code.text.replace(/(\/\/# sourceMappingURL=).*/, `$1${name}-${revision}.cjs.map`))
  const inputs = new Set(Object.keys(metafile?.inputs ?? {}).map((input) => resolve(root, input)))
  return { file, revision, inputs }
}

/** Writes a file so that nobody ever reads half of it. */
async function replace(file: string, contents: string | Uint8Array) {
  const unfinished = `${file}.${randomUUID()}`
  await writeFile(unfinished, contents)
  await rename(unfinished, file)
}
