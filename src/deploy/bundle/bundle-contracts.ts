import { basename } from 'node:path'
import type { ContractPattern } from '../../contract/index.ts'
import { runBundle } from '../../kernel/index.ts'
import { checkPatterns } from '../check-patterns.ts'
import { findFunctions } from '../find-functions.ts'
import type { Bundle } from './bundle.ts'
import { type Part, replaceFile, writePart } from './write-part.ts'

/**
 * Bundles all contracts for gateway and relay, as `contracts-<hash>.cjs`. Throws a ContractFault where they do not load, or
 * where one brings a pattern that could stop the gateway.
 */
export async function bundleContracts(
  root: string,
  folder: string,
  { version }: { version: string },
): Promise<Bundle & Pick<Part, 'bytesOf'>> {
  const names = await findFunctions(root)
  const contents = contractsEntry(names, version)
  const stdin = { contents, resolveDir: root, loader: 'ts', sourcefile: 'contracts.ts' } as const
  const { file, hash, inputs, bytesOf } = await writePart(root, folder, 'contracts', { stdin, keepNames: true })
  await checkPatterns(runBundle<{ patterns(): readonly ContractPattern[] }>(file).patterns?.() ?? [])
  return { file, revision: hash, inputs, bytesOf }
}

/** Turns the pointer file to a bundle beside it: a reader sees the old or the new one and nothing between. */
export const pointTo = (pointer: string, { file }: Bundle): Promise<void> => replaceFile(pointer, basename(file))

function contractsEntry(names: readonly string[], version: string): string {
  const imports = names.map((name, i) => `import c${i} from './functions/${name}/contract.ts'`)
  const contracts = names.map((name, i) => `${JSON.stringify(name)}: c${i}`)
  return `
    import { contractSet } from './src/contract/contract-set.ts'
    import { patternsOf } from './src/contract/patterns-of.ts'
    import { openapi as render } from './src/deploy/openapi.ts'
    ${imports.join('\n')}
    const contracts = { ${contracts.join(', ')} }
    const set = contractSet(contracts, undefined)
    export const { routes, subscriptions, validate, validateEvent } = set
    export const patterns = () => patternsOf(Object.values(contracts))
    export const openapi = render(Object.values(contracts), ${JSON.stringify({ version })})`
}
