import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  CompilerState,
  Extractor,
  ExtractorConfig,
  ExtractorLogLevel,
  type IConfigFile,
} from '@microsoft/api-extractor'

/**
 * `node test/api/extract.ts FOLDER`: writes what each public module exports, as API Extractor reports it, into FOLDER
 * (`contract.api.md`), and the same as data (`contract.api.json`).
 *
 * API Extractor brings a TypeScript of its own, which reads declarations; this repository's TypeScript writes them from
 * the sources first. It is a process of its own, since that other TypeScript takes a second to load in jest.
 */
const PUBLIC_MODULES = ['client', 'contract', 'data', 'http', 'testing', 'kysely', 'drizzle']
const root = resolve('.')

function emitDeclarations(files: readonly string[], folder: string) {
  const options = ['--declaration', '--emitDeclarationOnly', '--noEmit', 'false', '--rootDir', root, '--outDir', folder]
  const config = JSON.parse(readFileSync('tsconfig.json', 'utf8')).compilerOptions
  const same = Object.entries(config).flatMap(([name, value]) =>
    name === 'noEmit' ? [] : [`--${name}`, [value].flat().join()],
  )
  execFileSync('node_modules/.bin/tsc', ['--ignoreConfig', ...same, ...options, ...files], { stdio: 'inherit' })
}

function configFor(name: string, entry: string, out: string): ExtractorConfig {
  const log = { default: { logLevel: ExtractorLogLevel.None } }
  const configObject: IConfigFile = {
    projectFolder: root,
    mainEntryPointFilePath: entry,
    newlineKind: 'lf',
    compiler: { overrideTsconfig: { compilerOptions: COMPILER_OPTIONS, files: [entry] } },
    apiReport: {
      enabled: true,
      reportFileName: name,
      reportFolder: out,
      reportTempFolder: join(out, 'temp'),
    },
    docModel: { enabled: true, apiJsonFilePath: join(out, `${name}.api.json`) },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: { compilerMessageReporting: log, extractorMessageReporting: log, tsdocMessageReporting: log },
  }
  return ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  })
}

const COMPILER_OPTIONS = {
  ...{ target: 'es2024', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', moduleResolution: 'nodenext' },
  ...{ strict: true, skipLibCheck: true, noEmit: true, allowImportingTsExtensions: true, types: ['node'] },
}

const out = resolve(process.argv[2] ?? 'docs/api')
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<string, string> }
mkdirSync('.ebb', { recursive: true })
mkdirSync(join(out, 'temp'), { recursive: true })
// Within the checkout, where the packages that declarations name are found.
const declarations = mkdtempSync(resolve('.ebb/api-'))
try {
  const entries = PUBLIC_MODULES.map((name) => ({ name, source: exports[`./${name}`] ?? '' }))
  emitDeclarations(
    entries.map(({ source }) => source),
    declarations,
  )
  const configs = entries.map(({ name, source }) =>
    configFor(name, join(declarations, source.replace(/\.ts$/, '.d.ts')), out),
  )
  const [first, ...others] = configs
  if (!first) throw new Error('package.json exports no public module')
  // One program for all of them: making it takes most of the time.
  const compilerState = CompilerState.create(first, {
    additionalEntryPoints: others.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
  })
  for (const config of configs) Extractor.invoke(config, { localBuild: true, compilerState, messageCallback: silence })
} finally {
  rmSync(declarations, { recursive: true })
  rmSync(join(out, 'temp'), { recursive: true })
}

function silence(message: { handled: boolean }) {
  message.handled = true
}
