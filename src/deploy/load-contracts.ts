import { join } from 'node:path'
import { build } from 'esbuild'
import type { ContractsData } from './contracts-data.ts'
import { findFunctions } from './find-functions.ts'
import { runBundle } from './run-bundle.ts'

/**
 * Reads the contracts of a tree as JSON: of this checkout, or of another `tree` of it, which this checkout's Ebb describes.
 * Rejects with esbuild's BuildFailure, or with a ContractFault's text, where they do not load.
 */
export async function loadContracts(root: string, { tree = root }: { tree?: string } = {}): Promise<ContractsData> {
  const { outputFiles } = await build({
    ...{ bundle: true, platform: 'node', target: 'node26', format: 'cjs', write: false, logLevel: 'silent' },
    stdin: {
      contents: entry(root, await findFunctions(tree)),
      resolveDir: tree,
      loader: 'ts',
      sourcefile: 'contracts.ts',
    },
    absWorkingDir: tree,
  })
  const { json } = runBundle<{ json(): string }>(outputFiles[0]?.text ?? '', join(tree, 'contracts.cjs'))
  return JSON.parse(json?.() ?? '')
}

function entry(root: string, names: readonly string[]): string {
  const imports = names.map((name, i) => `import c${i} from './functions/${name}/contract.ts'`)
  const contracts = names.map((name, i) => `${JSON.stringify(name)}: c${i}`)
  return `
    import { contractsData } from ${JSON.stringify(join(root, 'src/deploy/contracts-data.ts'))}
    ${imports.join('\n')}
    export const json = () => JSON.stringify(contractsData({ ${contracts.join(', ')} }))`
}
