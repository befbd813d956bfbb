import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { basename, join, relative, sep } from 'node:path'
import { build, type Plugin, transform } from 'esbuild'
import { PLATFORM, platformModule } from '../deploy/platform-files.ts'
import { buildInPolicy, withoutUnusedPolicy } from './build-in-policy.ts'
import { deferBuiltins, deferParts, FORM_PARSER, LAZY_PARTS, OWN_PARTS, SHARED, USED_EXPORTS } from './lazy-parts.ts'
import { keepNativePackages } from './native-packages.ts'
import { type Bundle, type Chunk, replaceFile, writeChunk } from './write-chunk.ts'

/**
 * The flags of a function's Node, on a laptop as in its image. A young generation that holds a start needs no
 * collections meanwhile, and a larger one is memory that a stream of rows fills for nothing. And no object of a request is made among
 * the old ones, where what it refers to would stay (docs/decisions/0149). With other flags than these V8 may reject the code caches,
 * which are created with them.
 */
export const NODE_FLAGS: readonly string[] = ['--min-semi-space-size=8', '--no-allocation-site-pretenuring']

interface BundleOptions {
  /** The name of the start file; default: `<function>-<revision>.cjs`. */
  readonly start?: string
}

/** A function as its image runs it: the start file, and the chunks that it loads. */
export interface FunctionBundle extends Bundle {
  /** The bundle itself, `main`, and each lazy part by its module specifier. */
  readonly parts: Readonly<Record<string, Chunk>>
  /** The packages with binaries that it needs beside it, in node_modules. */
  readonly native: readonly string[]
}

/** Each part is a function, whose arguments the start file passes. */
const CHUNK_WRAPPER = {
  banner: { js: '(function(exports,require,module,__filename,__dirname,ebbStart){' },
  footer: { js: '})' },
}

/**
 * Bundles one function as its image holds it: a start file, the bundle, and its lazy parts, all in `folder`. Files are
 * named after their content, so that functions share what is the same. Rejects with esbuild's BuildFailure where it
 * does not compile.
 */
export async function bundleFunction(
  project: string,
  name: string,
  folder: string,
  { start }: BundleOptions = {},
): Promise<FunctionBundle> {
  const main = await mainChunk(project, name, folder)
  const used = LAZY_PARTS.filter((part) => main.imports.has(part) && (part !== FORM_PARSER || hasForm(main)))
  const lazy = await Promise.all(used.map(async (part) => [part, await lazyChunk(folder, part)] as const))
  const parts = Object.fromEntries([['main', main] as const, ...lazy])
  const files = Object.entries(parts).map(([part, { file }]) => [part, basename(file)])
  const code = await startFile(Object.fromEntries(files))
  const revision = createHash('sha256').update(code).digest('hex').slice(0, 12)
  const file = join(folder, start ?? `${name}-${revision}.cjs`)
  await replaceFile(file, code)
  return { file, revision, inputs: main.inputs, parts, native: nativeOf(main) }
}

/** What it imports that is neither a part of it nor Node's own. */
const nativeOf = ({ imports }: Chunk) =>
  [...imports].filter((id) => !isBuiltin(id) && !LAZY_PARTS.includes(id) && !SHARED.includes(id))

/** Every function could read a form; only one whose contract says `form()` does. */
const hasForm = ({ bytesOf }: Chunk) => [...bytesOf].some(([file, bytes]) => bytes > 0 && FORM.test(file))
const FORM = /[/\\]src[/\\]contract[/\\]streams[/\\]form\.[jt]s$/

async function mainChunk(project: string, name: string, folder: string): Promise<Chunk> {
  const uses = await findUses(project, name)
  const write = (...plugins: readonly Plugin[]) =>
    writeChunk(project, folder, 'main', {
      ...CHUNK_WRAPPER,
      stdin: { contents: `import 'ebb:shared'; import 'ebb:entry-point'`, resolveDir: project, sourcefile: 'main.ts' },
      plugins: [
        ...[...plugins, deferBuiltins(), buildInPolicy(project)],
        deferParts({ entryPoint: join(project, 'functions', name, 'index.ts'), ...uses }),
        keepNativePackages(),
      ],
    })
  try {
    return withoutUnusedPolicy(await write(keepNames(project)))
  } catch (error) {
    // The locations of its errors are in what keepNames made of the sources: build the sources themselves.
    await write()
    throw error
  }
}

/** What a function uses of what few functions use, by the words of its sources. */
async function findUses(project: string, name: string) {
  const folder = join(project, 'functions', name)
  const contract = await readFile(join(folder, 'contract.ts'), 'utf8').catch(() => '')
  const [own, shared] = await Promise.all([folder, join(project, 'domain')].map(readSources))
  // A contract may have its body from there.
  const declared = `${contract}\n${shared}`
  return {
    usesWebSockets: /\bupgrade\b/.test(contract),
    takesBatches: /\bbatch\b/.test(contract),
    isGraph: /\bgraphql\b/.test(contract),
    // A graph says by `mutation` whom it calls.
    callsOthers: /\b(calls|mutation)\b/.test(contract),
    streams: /\b(stream|form)\s*[(:]/.test(declared),
    readsItems: /\bitem\b/.test(declared),
    copiesRows: /\bcopyInto\b/.test(`${own}\n${shared}`),
    streamsRows: /\.stream\s*[<`]/.test(`${own}\n${shared}`),
  }
}

/** The text of all sources of a folder. */
async function readSources(folder: string): Promise<string> {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const sources = names.filter((file) => /\.[cm]?[jt]sx?$/.test(file) && !/\.test\.[jt]s$/.test(file))
  const texts = await Promise.all(sources.map((file) => readFile(join(folder, file), 'utf8').catch(() => '')))
  return texts.join('\n')
}

const lazyChunkCache = new Map<string, Promise<Chunk>>()

/** Built once per process: node_modules does not change meanwhile. */
function lazyChunk(folder: string, part: string): Promise<Chunk> {
  const key = [folder, part].join('\n')
  const known = lazyChunkCache.get(key)
  if (known) return known
  const building = writeChunk(PLATFORM, folder, part.replaceAll(/\W+/g, '-').replace(/^-/, ''), {
    ...CHUNK_WRAPPER,
    stdin: { contents: partEntry(part), resolveDir: PLATFORM },
    // What the bundle shares, and other parts, are required at run time.
    external: ['pg-native', ...SHARED, ...LAZY_PARTS.filter((other) => other !== part)],
    plugins: [deferBuiltins()],
  })
  lazyChunkCache.set(key, building)
  building.catch(() => lazyChunkCache.delete(key))
  return building
}

const partEntry = (part: string) =>
  OWN_PARTS[part]
    ? `export * from ${JSON.stringify(platformModule(OWN_PARTS[part]))}`
    : USED_EXPORTS[part]
      ? `export { ${USED_EXPORTS[part].join(', ')} } from '${part}'`
      : `module.exports = require('${part}')`

/** The start file, with the names of the parts defined. */
async function startFile(parts: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const { outputFiles } = await build({
    // Relative, since a path with a star is a pattern to esbuild.
    ...{ entryPoints: [`./${relative(PLATFORM, platformModule('src/start/start'))}`], absWorkingDir: PLATFORM },
    define: { PARTS: JSON.stringify(parts) },
    ...{ bundle: true, minify: true, platform: 'node', target: 'node26', format: 'cjs', write: false },
  })
  const [file] = outputFiles
  if (!file) throw new Error('esbuild wrote no start file')
  return file.contents
}

/** The folders of the project's own code. The names of packages are not expected, and would be a tenth of the bundle. */
const OWN_FOLDERS = ['functions', 'domain']

/**
 * Keeps the names of functions and classes in the project's own sources, which minification would change: a handler that
 * reads `error.constructor.name` reads the same in its test and in its image.
 */
function keepNames(project: string): Plugin {
  const folders = OWN_FOLDERS.map((folder) => RegExp.escape(join(project, folder) + sep))
  return {
    name: 'keep-names',
    setup: ({ onLoad }) => {
      onLoad({ filter: new RegExp(`^(${folders.join('|')}).*\\.[cm]?[jt]s$`) }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        // What does not compile is left to the build, which reports its location.
        const named = await transform(source, {
          ...{ sourcefile: path, sourcemap: 'inline', sourcesContent: false, keepNames: true },
          ...{ loader: 'ts', target: 'node26', logLevel: 'silent' },
        }).catch(() => undefined)
        return named && { contents: named.code }
      })
    },
  }
}
