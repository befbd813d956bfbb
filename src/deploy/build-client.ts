import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { clientPackage } from './client-package.ts'
import { loadContracts } from './load-contracts.ts'

export interface BuiltClient {
  readonly folder: string
  readonly name: string
  readonly version: string
  readonly endpoints: number
}

/**
 * Packs a client of all endpoints into `folder`, ready for `npm publish`: one ESM file for browsers and Node, its types,
 * and no dependency.
 */
export async function buildClient(
  root: string,
  { folder = join(root, 'dist/client') }: { folder?: string } = {},
): Promise<BuiltClient> {
  const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const contracts = await loadContracts(root)
  const callTypes = await readFile(join(root, 'src/client/call.ts'), 'utf8')
  const { files, entry } = clientPackage(contracts, { name, version, callTypes })
  const { outputFiles } = await build({
    ...{ bundle: true, format: 'esm', platform: 'browser', target: 'es2022', write: false, logLevel: 'silent' },
    stdin: { contents: entry, resolveDir: root, loader: 'js', sourcefile: 'client.js' },
    absWorkingDir: root,
  })
  await mkdir(folder, { recursive: true })
  const all = { ...files, 'index.js': outputFiles[0]?.text ?? '' }
  await Promise.all(Object.entries(all).map(([file, text]) => writeFile(join(folder, file), text)))
  return { folder, name: `${name}-client`, version, endpoints: contracts.endpoints.length }
}
