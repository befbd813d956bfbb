import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { runBundle } from '../protocol/contracts-file.ts'
import type { ContractsData } from './contracts-data.ts'
import { platformModule } from './platform-files.ts'

/**
 * Reads the contracts of a project, or of another tree of its files, as JSON, as this Ebb describes them.
 * Rejects with esbuild's BuildFailure, or with a ContractError's text, if they do not load. Contracts are loaded in two
 * ways: here as data, for documents, the client and comparisons; by build/bundle-contracts.ts as code that validates, which
 * gateway and relay read with protocol/contracts-file.ts, on a laptop after each save (dev/contracts.ts).
 */
export async function loadContractsData(tree: string): Promise<ContractsData> {
  const { outputFiles } = await build({
    ...{ bundle: true, platform: 'node', target: 'node26', format: 'cjs', write: false, logLevel: 'silent' },
    stdin: {
      contents: entry(await findFunctions(tree)),
      resolveDir: tree,
      loader: 'ts',
      sourcefile: 'contracts.ts',
    },
    absWorkingDir: tree,
  })
  const { json } = runBundle<{ json(): string }>(outputFiles[0]?.text ?? '', join(tree, 'contracts.cjs'))
  return JSON.parse(json?.() ?? '')
}

function entry(names: readonly string[]): string {
  const imports = names.map((name, i) => `import c${i} from './functions/${name}/contract.ts'`)
  const contracts = names.map((name, i) => `${JSON.stringify(name)}: c${i}`)
  return `
    import { contractsData } from ${JSON.stringify(platformModule('src/deploy/contracts-data'))}
    ${imports.join('\n')}
    export const json = () => JSON.stringify(contractsData({ ${contracts.join(', ')} }))`
}

/**
 * The names of all functions: the folders under functions/ that hold a contract.ts. There is no registry. Empty where there
 * is no functions/, since git does not keep an empty folder.
 */
export async function findFunctions(project: string): Promise<readonly string[]> {
  const entries = await readdir(join(project, 'functions'), { withFileTypes: true, recursive: true }).catch(
    noneIfAbsent,
  )
  const contracts = entries.filter((entry) => entry.isFile() && entry.name === 'contract.ts')
  const folders = contracts.map(({ parentPath }) => parentPath.slice(join(project, 'functions').length + 1))
  return folders.filter((folder) => folder !== '' && !/^\.|[\\/]/.test(folder)).sort()
}

function noneIfAbsent(error: unknown): [] {
  if (Object(error).code !== 'ENOENT') throw error
  return []
}
