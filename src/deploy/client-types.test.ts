import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { clientTypes, renderTypes } from './client-types.ts'
import { contractsData } from './contracts-data.ts'
import { Everything, Tree } from './test-support.ts'

const run = promisify(execFile)

const { endpoints } = contractsData({
  everything: endpoint({
    ...{ name: 'everything', summary: 'All.', method: 'POST', path: '/v1/all', access: {} },
    body: Everything,
    reply: { status: 200, body: z.array(Everything) },
  }),
  tree: endpoint({
    ...{ name: 'tree', summary: 'A tree.', method: 'POST', path: '/v1/tree', access: {} },
    body: Tree,
    reply: { status: 200, body: z.union([z.string(), Tree]) },
  }),
})

describe('the types of', () => {
  it.each(endpoints.map((data) => [data.route.name, data] as const))('%s match their snapshot', (_, data) => {
    expect(renderTypes('Body', data.body ?? {}, { io: 'input' })).toMatchSnapshot('input')
    expect(renderTypes('Data', data.replies[0]?.data ?? {}, { io: 'output' })).toMatchSnapshot('output')
  })

  it('a deprecated endpoint say what to call instead', () => {
    const old = endpoint({
      ...{ name: 'get-old', summary: 'Old.', method: 'GET', path: '/v1/old', access: {} },
      reply: { status: 200, body: z.string() },
      deprecated: { since: '2026-11-30', sunset: '2099-06-01', use: 'get-new' },
    })
    const text = clientTypes(contractsData({ old }).endpoints, { callTypes: '' })
    expect(text).toContain(
      '/** Old. GET /v1/old @deprecated since 2026-11-30, answers until 2099-06-01, call get-new instead */',
    )
  })

  it('an impossible value', () => {
    expect(renderTypes('None', { not: {} }, { io: 'input' })).toBe('export type None = never\n')
  })

  it('a schema are those that zod infers, both ways', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ebb-types-'))
    const { body = {}, replies = [] } = endpoints[0] ?? {}
    const data = replies[0]?.data ?? {}
    const program = `
      import type * as z from 'zod'
      import type { Everything } from ${JSON.stringify(resolve('src/deploy/test-support.ts'))}
      ${renderTypes('Sent', body, { io: 'output' })}
      ${renderTypes('Asked', body, { io: 'input' })}
      ${renderTypes('Got', data, { io: 'output' })}
      type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
      true satisfies Same<Sent, z.input<typeof Everything>>
      true satisfies Same<Got, z.output<typeof Everything>[]>
      true satisfies z.input<typeof Everything> extends Asked ? true : false
      // @ts-expect-error what comes in and what goes out are two
      true satisfies Same<Sent, z.output<typeof Everything>>`
    const compilerOptions = {
      ...{ strict: true, noEmit: true, module: 'nodenext', target: 'es2024', allowImportingTsExtensions: true },
      ...{ skipLibCheck: true, types: [] },
    }
    await writeFile(join(folder, 'program.ts'), program)
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    const compiled = run(resolve('node_modules/.bin/tsc'), ['-p', folder])
    const said = await compiled.catch(({ stdout }: { stdout: string }) => ({ stdout }))
    await rm(folder, { recursive: true })
    expect(said.stdout).toBe('')
  })
})
