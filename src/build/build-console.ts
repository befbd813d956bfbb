import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { PLATFORM } from '../deploy/platform-files.ts'
import { ADMIN_ENDPOINTS } from '../protocol/admin/index.ts'

/**
 * Builds the console's page into `folder`: `index.html` and files named after their content, each with a packed `.br` beside
 * it. The folder is there as a whole or not at all. Resolves to its sources. Rejects with esbuild's BuildFailure.
 */
export async function buildConsole(folder: string): Promise<ReadonlySet<string>> {
  const draft = `${folder}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  const { outputFiles, metafile } = await build({
    entryPoints: [join(PLATFORM, 'src/console/main.tsx'), join(PLATFORM, 'src/console/style.css')],
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true },
    // In the package there is none beside it.
    tsconfigRaw: {},
    ...{ jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'eof', metafile: true, logLevel: 'silent' },
    ...{ entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', outdir: draft, write: false },
    // The page calls the operations of this very version, and needs none of their schemas.
    define: { ADMIN_OPERATIONS: OPERATIONS },
  })
  await Promise.all(outputFiles.map(({ path, contents }) => writePacked(path, contents)))
  await writePacked(join(draft, 'index.html'), Buffer.from(renderIndex(metafile)))
  await rm(folder, { recursive: true, force: true })
  await rename(draft, folder)
  return new Set(Object.keys(metafile.inputs).map((input) => resolve(input)))
}

/** The method and path of each operation of the admin API, by its name, as JSON. */
export const OPERATIONS = JSON.stringify(
  Object.fromEntries(ADMIN_ENDPOINTS.map(({ name, method, path }) => [name, [method, path]])),
)

async function writePacked(path: string, contents: Uint8Array): Promise<void> {
  const packed = await compress(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
  await Promise.all([writeFile(path, contents), writeFile(`${path}.br`, packed)])
}
const compress = promisify(brotliCompress)

/** What the page loads first is named here, so that nothing waits for a file that names the next one. */
function renderIndex({ outputs }: Metafile): string {
  const written = (name: string) => {
    const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(name))
    if (!found) throw new Error(`esbuild has written nothing of ${name}`)
    return found
  }
  const [script, { imports }] = written('main.tsx')
  const [style] = written('style.css')
  const first = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path)
  const url = (path: string) => `/console/${basename(path)}`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Ebb console</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${url(style)}">
${first.map((path) => `<link rel="modulepreload" href="${url(path)}">`).join('\n')}
<script type="module" src="${url(script)}"></script>
</head>
<body>
<div id="app"></div>
<noscript>The console needs JavaScript; all that it does, npx ebb does in a terminal.</noscript>
</body>
</html>
`
}

/** The bytes of what the page loads before it shows anything, packed. */
export async function measureFirstPaint(folder: string): Promise<number> {
  const html = await readFile(join(folder, 'index.html'), 'utf8')
  const names = [...html.matchAll(/"\/console\/([^"]+)"/g)].map(([, name]) => name)
  const sizes = ['index.html', ...names].map(async (name) => (await readFile(join(folder, `${name}.br`))).length)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
