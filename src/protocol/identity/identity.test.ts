import { expect, it } from '@jest/globals'
import { decodeProtectedHeader, importJWK, type JWK, SignJWT } from 'jose'
import { generateIdentityKeys, type Issuer } from './identity.ts'
import { createIdentitySigner, createRotatingSigner } from './sign-identity.ts'
import { createIdentityVerifier } from './verify-identity.ts'

const keys = await generateIdentityKeys()
const ADA = { sub: 'ada', scopes: ['a:b'] }
const SECOND = 1_000

/** A signer and a verifier, each with a clock of its own, in seconds. */
function clocks() {
  const at = { signer: 1_800_000_000, verifier: 1_800_000_000 }
  const sign = createIdentitySigner(keys.gateway, 'ebb:gateway', { now: () => at.signer * SECOND })
  const verify = createIdentityVerifier(keys.jwks, 'place-order', { now: () => at.verifier * SECOND })
  const isGood = async (token: string) => {
    try {
      await verify(token)
      return true
    } catch {
      return false
    }
  }
  return { at, sign: (waitMs?: number, fresh = false) => sign(ADA, 'place-order', { waitMs, fresh } as object), isGood }
}

it.each([
  ['60 s behind', -60, true],
  ['95 s behind, with a start of 30 s to wait for and a signature that is 25 s old', -95, true],
  ['two minutes behind', -125, false],
  ['59 s ahead', 59, true],
  ['61 s ahead', 61, false],
])('a signer that is %s is believed: %p', async (_how, seconds, good) => {
  const { at, sign, isGood } = clocks()
  at.signer += seconds
  const token = await sign(30_000)
  expect(await isGood(token)).toBe(good)
})

it.each([30_000, 120_000, 900_000])(
  'an identity outlives a wait of %d ms, even as one that is reused',
  async (waitMs) => {
    const { at, sign, isGood } = clocks()
    const first = await sign(waitMs)
    at.signer += 29
    at.verifier += 29
    const reused = await sign(waitMs)
    expect(reused).toBe(first)
    at.verifier += waitMs / SECOND
    expect(await isGood(reused)).toBe(true)
    at.signer += 2
    expect(await sign(waitMs)).not.toBe(first)
  },
)

it('is signed again for a longer wait, and where the last one was refused', async () => {
  const { at, sign } = clocks()
  const first = await sign(30_000)
  at.signer += 1
  const longer = await sign(60_000)
  at.signer += 1
  expect(new Set([first, longer, await sign(60_000, true)]).size).toBe(3)
})

it('a verified one that is remembered is good until it expires, and not longer', async () => {
  const { at, sign, isGood } = clocks()
  const token = await sign(30_000)
  expect(await isGood(token)).toBe(true)
  at.verifier += 119
  expect(await isGood(token)).toBe(true)
  at.verifier += 2
  expect(await isGood(token)).toBe(false)
})

it('an identity that several requests share cannot be changed', async () => {
  const { sign } = clocks()
  const verify = createIdentityVerifier(keys.jwks, 'place-order', { now: () => 1_800_000_000 * SECOND })
  const identity = await verify(await sign())
  expect(() => Object.assign(identity, { sub: 'root' })).toThrow(TypeError)
  expect(() => (identity.scopes as string[]).push('root')).toThrow(TypeError)
})

it.each<[key: 'gateway' | 'relay', iss: Issuer, good: boolean]>([
  ['gateway', 'ebb:gateway', true],
  ['relay', 'ebb:relay', true],
  ['gateway', 'ebb:relay', false],
  ['relay', 'ebb:gateway', false],
])('the key of the %s vouches for %s: %p', async (key, iss, good) => {
  const verifying = Promise.resolve(
    createIdentityVerifier(keys.jwks, 'place-order')(await createIdentitySigner(keys[key], iss)(ADA, 'place-order')),
  )
  if (good) expect(await verifying).toEqual({ ...ADA, iss })
  else await expect(verifying).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

it('one key that both share, as before there were two, vouches for both', async () => {
  const shared = { keys: keys.jwks.keys.map(({ iss: _iss, ...key }: JWK & { iss?: unknown }) => key).slice(0, 1) }
  for (const iss of ['ebb:gateway', 'ebb:relay'] as const) {
    const token = await createIdentitySigner(keys.gateway, iss)(ADA, 'place-order')
    expect(await createIdentityVerifier(shared, 'place-order')(token)).toMatchObject({ iss })
  }
})

it('an identity of the release before, which did not say when it was signed, is good', async () => {
  const token = await new SignJWT({ scopes: [] })
    .setProtectedHeader({ alg: 'EdDSA', kid: keys.gateway.kid ?? '' })
    .setIssuer('ebb:gateway')
    .setSubject('ada')
    .setAudience('place-order')
    .setExpirationTime('60s')
    .sign(await importJWK(keys.gateway, 'EdDSA'))
  expect(await createIdentityVerifier(keys.jwks, 'place-order')(token)).toMatchObject({ sub: 'ada' })
})

it('after a rotation a function that does not know the new key gets the one before, until it knows it', async () => {
  const next = await generateIdentityKeys()
  const signerOf = (key: JWK) => ({ sign: createIdentitySigner(key, 'ebb:gateway'), kid: key.kid })
  let now = 1_000
  const { sign, replace } = createRotatingSigner(signerOf(keys.gateway), { now: () => now })
  const kidOf = async (...how: Parameters<typeof sign>) => decodeProtectedHeader(await sign(...how)).kid
  replace(signerOf(next.gateway))
  const refused = await sign(ADA, 'behind')
  expect(decodeProtectedHeader(refused).kid).toBe(next.gateway.kid)
  expect(await kidOf(ADA, 'behind', { fresh: true, unknownKey: refused })).toBe(keys.gateway.kid)
  expect(await kidOf(ADA, 'behind')).toBe(keys.gateway.kid)
  expect(await kidOf(ADA, 'other')).toBe(next.gateway.kid)
  // It has read its file: the old key is gone there.
  const old = await sign(ADA, 'behind')
  expect(await kidOf(ADA, 'behind', { fresh: true, unknownKey: old })).toBe(next.gateway.kid)
  const again = await sign(ADA, 'behind')
  await sign(ADA, 'behind', { fresh: true, unknownKey: again })
  now += 60_000
  expect(await kidOf(ADA, 'behind')).toBe(next.gateway.kid)
})
