import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { TEST_PROJECT } from './project.ts'

/**
 * A checkout of its own: the platform of one (default: this one) with a project (default: the tests'), and with these files
 * written over both; `within` is a path below a fresh temporary folder.
 */
export async function copyCheckout(
  files: Readonly<Record<string, string>> = {},
  { within = 'checkout', platform = resolve('.'), project = TEST_PROJECT } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-checkout-'))
  const root = join(folder, within)
  await mkdir(root, { recursive: true })
  const copy = (from: string, parts: readonly string[]) =>
    Promise.all(parts.map((part) => cp(join(from, part), join(root, part), { recursive: true })))
  await copy(platform, ['src', 'services', 'package.json'])
  await copy(project, ['functions', 'domain'])
  await symlink(join(platform, 'node_modules'), join(root, 'node_modules'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return { root, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** The files of a function with this handler: `GET /v1/<name>`, open to everybody. */
export const functionFiles = (name: string, handler: string): Readonly<Record<string, string>> => ({
  [`functions/${name}/contract.ts`]: `
    import { endpoint } from 'ebb/contract'
    import * as z from 'zod'
    export default endpoint({
      name: '${name}', summary: 'A test.', method: 'GET', path: '/v1/${name}',
      reply: { status: 200, body: z.object({ pid: z.number() }) }, access: { anonymous: true },
    })`,
  [`functions/${name}/handler.ts`]: `
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, {}, async () => { ${handler} })`,
  [`functions/${name}/index.ts`]: `
    import { serve } from 'ebb/http'
    import handler from './handler.ts'
    serve(handler)`,
})
