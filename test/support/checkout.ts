import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** A copy of a checkout (default: this one), with these files written over it; `within` is a path below a fresh temporary folder. */
export async function copyCheckout(
  files: Readonly<Record<string, string>> = {},
  { within = 'checkout', from = resolve('.') } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-checkout-'))
  const root = join(folder, within)
  await mkdir(root, { recursive: true })
  await Promise.all(
    ['src', 'services', 'domain', 'functions', 'package.json'].map((part) =>
      cp(join(from, part), join(root, part), { recursive: true }),
    ),
  )
  await symlink(join(from, 'node_modules'), join(root, 'node_modules'))
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
