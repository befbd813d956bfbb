import { readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { type Plugin, transform } from 'esbuild'

/** Where the project's own code is; of packages nobody expects names, and they would be a tenth of the bundle. */
const OWN = ['functions', 'domain']

/**
 * Keeps the names of functions and classes in the project's own sources, which minifying changes otherwise: a handler
 * that reads `error.constructor.name` reads the same in its test and in its image.
 */
export function keepNames(root: string): Plugin {
  const folders = OWN.map((folder) => RegExp.escape(join(root, folder) + sep))
  return {
    name: 'keep-names',
    setup: ({ onLoad }) => {
      onLoad({ filter: new RegExp(`^(${folders.join('|')}).*\\.[cm]?[jt]s$`) }, async ({ path }) => {
        const source = await readFile(path, 'utf8')
        // What does not compile is left to the build, which names its place.
        const named = await transform(source, {
          ...{ sourcefile: path, sourcemap: 'inline', sourcesContent: false, keepNames: true },
          ...{ loader: 'ts', target: 'node26', logLevel: 'silent' },
        }).catch(() => undefined)
        return named && { contents: named.code }
      })
    },
  }
}
