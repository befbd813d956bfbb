import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { importJWK, SignJWT } from 'jose'
import { bundleFunction } from '../../src/deploy/index.ts'
import { generateIdentityKeys } from '../../src/kernel/index.ts'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import type { Subject } from './subject.ts'

const NAME = 'say-hello'
const DIST = join(import.meta.dirname, 'dist')

/** Functions of Ebb as their images hold them, freshly built. */
export async function ourSubjects(): Promise<readonly Subject[]> {
  const checkout = await copyCheckout(functionFiles(NAME, 'return { pid: 1 }'))
  await rm(DIST, { recursive: true, force: true })
  const { file } = await bundleFunction(checkout.root, NAME, DIST).finally(checkout.remove)
  const { jwks, identity } = await lastingIdentity(NAME)
  return [
    {
      name: `ebb ${NAME}`,
      args: [file],
      env: { EBB_HOST: '127.0.0.1', EBB_IDENTITY_JWKS: JSON.stringify(jwks) },
      request: { method: 'GET', path: `/v1/${NAME}`, headers: { 'ebb-identity': identity } },
      expectStatus: 200,
    },
  ]
}

/** As the gateway signs it, but good for longer than any bench takes: the gateway's own are for a minute. */
async function lastingIdentity(audience: string) {
  const { privateKey, jwks } = await generateIdentityKeys()
  const identity = await new SignJWT({ scopes: [] })
    .setProtectedHeader({ alg: 'EdDSA', kid: privateKey.kid ?? '' })
    .setIssuer('ebb:gateway')
    .setSubject('anonymous')
    .setAudience(audience)
    .setExpirationTime('6h')
    .sign(await importJWK(privateKey, 'EdDSA'))
  return { jwks, identity }
}
