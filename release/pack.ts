import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'

/**
 * `npm run pack [-- --out FOLDER]` writes `ebb-<version>.tgz`, as `npm publish` would send it: the platform as JavaScript with
 * its types, since Node strips no types below node_modules, its sources, which source maps and `ebb own` need, and the example.
 * The same commit gives the same bytes.
 */
export async function pack(out: string, { version }: PackOptions = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-pack-'))
  try {
    // The compiler finds the packages there.
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    await writePackage(join(folder, 'package'), version)
    await mkdir(out, { recursive: true })
    // Whatever a developer has set: no script of the package may run, and none has to.
    const flags = ['--json', '--ignore-scripts', '--pack-destination', resolve(out)]
    const { stdout } = await execute('npm', ['pack', ...flags], { cwd: join(folder, 'package') })
    const [packed]: readonly { readonly filename: string }[] = JSON.parse(stdout)
    if (!packed) throw new Error('npm pack wrote nothing')
    return join(out, packed.filename)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface PackOptions {
  /** Default: that of package.json. A test can have a next one. */
  readonly version?: string | undefined
}

async function writePackage(stage: string, version: string | undefined): Promise<void> {
  const own: Manifest = JSON.parse(await readFile('package.json', 'utf8'))
  const manifest = version === undefined ? own : { ...own, version }
  await copyTracked(PLATFORM, join(stage, 'source'), isShipped)
  await stampVersion(join(stage, 'source'), own.version, manifest.version)
  await copyTracked(['functions', 'domain'], join(stage, 'example'), () => true)
  await copyTracked(['README.md', 'CHANGELOG.md', 'LICENSE'], stage, () => true)
  await compile(stage)
  await copyTracked(PLATFORM, join(stage, 'dist'), (file) => isShipped(file) && !isCompiled(file))
  await stampVersion(join(stage, 'dist'), own.version, manifest.version)
  for (const folder of [stage, join(stage, 'source')]) {
    await cp('release/package', folder, { recursive: true })
    await copyTracked(GUIDE, folder, () => true)
  }
  await writeFile(join(stage, 'package.json'), toJson(packageManifest(manifest)))
  await writeFile(join(stage, 'source/package.json'), toJson(sourceManifest(manifest)))
  await chmod(join(stage, 'dist/src/cli.js'), 0o755)
}

const execute = promisify(execFile)
const PLATFORM = ['src', 'services', 'charts/ebb', 'Dockerfile', '.dockerignore']
/** The pages that the laptop serves at /docs/guide; what is for whoever works on Ebb itself stays here. */
const GUIDE = [':(glob)docs/*.md', 'docs/guide', 'docs/reference']

/** Tests and what only they use stay here, and so does what is rendered from the contracts of the example. */
const isShipped = (file: string) =>
  ASSETS.test(file) ||
  (!/\.test\.ts$|(^|\/)test-(support|outbox)[\w-]*\.ts$|__snapshots__/.test(file) &&
    file !== 'charts/ebb/functions.yaml')

/** Templates are the sources of others: they stay as they are. */
const isCompiled = (file: string) => extname(file) === '.ts' && !ASSETS.test(file)
const ASSETS = /^src\/project\/create\/template\/|^src\/(conformance\/functions|console)\//

async function copyTracked(paths: readonly string[], to: string, isWanted: (file: string) => boolean): Promise<void> {
  const { stdout } = await execute('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', ...paths])
  for (const file of stdout.split('\0').filter((file) => file !== '' && isWanted(file))) {
    await mkdir(dirname(join(to, file)), { recursive: true })
    await cp(file, join(to, file))
  }
}

/** Where the version stands besides package.json; test/releases holds all of them together. */
const VERSIONED = ['src/kernel/version.ts', 'charts/ebb/Chart.yaml', 'Dockerfile']

async function stampVersion(folder: string, from: string, to: string): Promise<void> {
  for (const path of VERSIONED.map((file) => join(folder, file)).filter(existsSync)) {
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll(from, to))
  }
}

/** Compiles `source/` into `dist/`, each file by itself, so that a fault in one shows where it is. */
async function compile(stage: string): Promise<void> {
  const source = join(stage, 'source')
  const config = join(source, 'tsconfig.build.json')
  const { compilerOptions } = JSON.parse(await readFile('tsconfig.json', 'utf8'))
  const options = { ...compilerOptions, ...EMIT, rootDir: '.', outDir: '../dist' }
  await writeFile(config, toJson({ compilerOptions: options, include: ['src', 'services'], exclude: TEMPLATES }))
  // It says what `ebb/contract` is.
  await cp('package.json', join(source, 'package.json'))
  await execute('tsc', ['--project', config])
  await rm(config)
}

const TEMPLATES = ['src/project/create/template', 'src/conformance/functions', 'src/console']
const EMIT = {
  ...{ noEmit: false, declaration: true, declarationMap: true, sourceMap: true },
  rewriteRelativeImportExtensions: true,
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly [part: string]: unknown
}

/** What a project's own configuration refers to, in both forms of the package. */
const FILES = {
  './tsconfig.json': './tsconfig.json',
  './jest-preset': './jest-preset.cjs',
  './package.json': './package.json',
}

/** What both forms of the package say about it. */
function common({
  name,
  version,
  description,
  license,
  type,
  sideEffects,
  scarfSettings,
  dependencies,
  optionalDependencies,
  peerDependencies,
  peerDependenciesMeta,
}: Manifest) {
  const facts = { name, version, description, license, type, sideEffects }
  // @scarf/scarf, below swagger-ui-dist, reports no installation where a package above it says so.
  return { ...facts, scarfSettings, dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta }
}

/** The package as it is installed. */
function packageManifest(manifest: Manifest) {
  const toCompiled = (file: string, extension: string) => file.replace(/^\.\//, './dist/').replace(/\.ts$/, extension)
  const exports = Object.entries(manifest.exports).map(([name, file]) => [
    name,
    { types: toCompiled(file, '.d.ts'), default: toCompiled(file, '.js') },
  ])
  return {
    ...common(manifest),
    engines: manifest.engines,
    bin: { ebb: './dist/src/cli.js' },
    exports: { ...Object.fromEntries(exports), ...FILES },
    files: ['dist', 'source', 'example', 'docs', 'jest-preset.cjs', 'tsconfig.json', 'CHANGELOG.md'],
    publishConfig: { access: 'public', provenance: true },
  }
}

/** The package as `ebb own` places it in a project: Node runs its sources themselves. */
const sourceManifest = (manifest: Manifest) => ({
  ...common(manifest),
  private: true,
  bin: manifest.bin,
  exports: { ...manifest.exports, ...FILES },
})

const toJson = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } })
  process.stdout.write(`${await pack(resolve(values.out))}\n`)
}
