import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { build } from 'esbuild'
import { readKit } from '../src/project/create/read-kit.ts'

/**
 * Writes `create-ebb-<version>.tgz`, by which `npm create ebb` does what `ebb create` does: one bundle for Node 20, with the
 * template and the shop in it and without dependencies. The same commit gives the same bytes.
 */
export async function packCreateEbb(out: string): Promise<string> {
  const stage = resolve('dist/create-ebb')
  await rm(stage, { recursive: true, force: true })
  await mkdir(stage, { recursive: true })
  await build({
    entryPoints: ['release/create-ebb/main.ts'],
    outfile: join(stage, 'main.cjs'),
    ...{ bundle: true, platform: 'node', target: 'node20', format: 'cjs', logLevel: 'warning' },
    define: { CREATE_KIT: JSON.stringify(await readKit()) },
  })
  for (const file of ['create-ebb.cjs', 'README.md']) await cp(join('release/create-ebb', file), join(stage, file))
  await cp('LICENSE', join(stage, 'LICENSE'))
  await writeFile(join(stage, 'package.json'), await manifest())
  await mkdir(out, { recursive: true })
  const options = ['--json', '--ignore-scripts', '--pack-destination', out]
  const { stdout } = await promisify(execFile)('npm', ['pack', ...options], { cwd: stage })
  const [packed]: readonly { readonly filename: string }[] = JSON.parse(stdout)
  if (!packed) throw new Error('npm pack wrote nothing')
  return join(out, packed.filename)
}

async function manifest(): Promise<string> {
  const { version, license } = JSON.parse(await readFile('package.json', 'utf8')) as Record<string, string>
  const about = { description: 'Creates a project on Ebb: serverless APIs on your own machines.', license }
  const content = {
    ...{ name: 'create-ebb', version, ...about, engines: { node: '>=20' } },
    ...{ bin: { 'create-ebb': './create-ebb.cjs' }, files: ['create-ebb.cjs', 'main.cjs'] },
    publishConfig: { access: 'public', provenance: true },
  }
  return `${JSON.stringify(content, undefined, 2)}\n`
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } })
  process.stdout.write(`${await packCreateEbb(resolve(values.out))}\n`)
}
