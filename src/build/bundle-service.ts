import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'
import { bytesIn, type Part } from './write-part.ts'

/**
 * Bundles a service's own sources into one file, and its packages too where it shall be whole; else those stay where
 * they are. Returns what it imports of them, and what the file is made of.
 */
export async function bundleService(
  root: string,
  name: string,
  outfile: string,
  { whole = false }: { readonly whole?: boolean } = {},
): Promise<{ readonly imports: readonly string[] } & Pick<Part, 'bytesOf'>> {
  const { metafile } = await build({
    // Relative, since a path with a star is a pattern to esbuild.
    entryPoints: [`./services/${name}/index.ts`],
    ...{ bundle: true, platform: 'node', target: 'node26', format: 'cjs', keepNames: true },
    ...(whole ? { external: ['pg-native'] } : { packages: 'external' as const }),
    ...{ alias: await ownModules(root), legalComments: 'none', metafile: true, logLevel: 'silent', outfile },
    absWorkingDir: root,
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  const isPackage = (path: string) => !path.startsWith('node:') && !builtinModules.includes(path)
  return { imports: [...new Set(imports)].filter(isPackage), bytesOf: bytesIn(metafile, root) }
}

/** `ebb/contract` and the like are sources of the checkout, not packages. */
async function ownModules(root: string): Promise<Record<string, string>> {
  const { exports }: { exports: Record<string, string> } = JSON.parse(
    await readFile(join(root, 'package.json'), 'utf8'),
  )
  return Object.fromEntries(Object.entries(exports).map(([room, file]) => [room.replace('.', 'ebb'), join(root, file)]))
}
