import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { spawnCli } from '../../test/support/cli.ts'
import { createIdentitySigner, createIdentityVerifier, type IdentityKeys } from '../protocol/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-identity-keys-'))
})
afterAll(() => rm(folder, { recursive: true }))

const make = async (...args: readonly string[]): Promise<IdentityKeys> =>
  JSON.parse((await spawnCli(['identity-keys', ...args]).ended).stdout)

it('generates keys that verify each other, and keeps those of the previous set', async () => {
  const old = await make()
  const file = join(folder, 'public.jwks')
  await writeFile(file, JSON.stringify(old.jwks))
  const next = await make('--keep', file)
  const verify = createIdentityVerifier(next.jwks, 'place-order')
  for (const keys of [old, next]) {
    for (const part of ['gateway', 'relay'] as const) {
      const token = await createIdentitySigner(keys[part], `ebb:${part}`)({ sub: 'ada', scopes: [] }, 'place-order')
      expect(await verify(token)).toMatchObject({ iss: `ebb:${part}` })
    }
  }
}, 60_000)

it('refuses a set that holds a private key, which functions would get', async () => {
  const { gateway } = await make()
  const file = join(folder, 'private.jwks')
  await writeFile(file, JSON.stringify({ keys: [gateway] }))
  expect(await spawnCli(['identity-keys', '--keep', file]).ended).toEqual({
    ...{ code: 1, stdout: '' },
    stderr: `ebb: --keep ${file}: must be a set of public keys, as in EBB_IDENTITY_JWKS\n`,
  })
}, 60_000)
