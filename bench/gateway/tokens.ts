/**
 * node bench/gateway/tokens.ts [rounds]
 *
 * What it costs to know whose access token a request carries: by the gateway's cache of verified tokens, which still checks
 * exp, nbf and key each time, beside jose.jwtVerify on each request, for an ES256 and an RS256 token of usual size. Each request
 * brings its token as a new text, as a request's headers do; what making that text alone takes is a row of its own.
 */
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createKeySet, createTokenCache, createTokenVerifier, parseIssuers } from '../../src/protocol/index.ts'
import { interleave } from '../own-parts/interleave.ts'

const rounds = Number(process.argv[2] ?? 9)
const TIMES = 5_000
const ISSUER = 'https://login.example'
const AUDIENCE = 'https://api.example'

for (const alg of ['ES256', 'RS256']) {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg, use: 'sig' }
  const token = await new SignJWT({ scope: 'orders:read orders:write', client_id: 'app', roles: ['clerk'] })
    .setProtectedHeader({ alg, typ: 'at+jwt', kid: 'k1' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('2f8cbe0e-9b0c-4b5a-8f0e-0c8e4d3b7a11')
    .setIssuedAt()
    .setExpirationTime('10h')
    .setJti('8b1c7a2e-6a55-4c1e-9a44-1d8f0a6f6a01')
    .sign(privateKey)
  const bytes = Buffer.from(token)
  const newText = () => bytes.toString('latin1')

  const settings = parseIssuers([{ issuer: ISSUER, audience: AUDIENCE, algorithms: [alg] }])[0]
  if (!settings) throw new Error('there is no issuer')
  const log = { info: () => {}, warn: () => {} }
  const keys = createKeySet(async () => ({ keys: [jwk] }), { issuer: ISSUER, onChange: () => {}, log })
  await keys.refresh()
  const cache = createTokenCache(createTokenVerifier([{ settings, keys }]))
  await cache.find(token)
  const set = createLocalJWKSet({ keys: [jwk] })
  const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: [alg], typ: 'at+jwt', requiredClaims: ['exp'] }

  await interleave(
    `An ${alg} token of ${token.length} characters`,
    [
      {
        name: 'the cache of verified tokens',
        run: async (times) => {
          for (let i = 0; i < times; i++) await cache.find(newText())
        },
      },
      {
        name: 'jose.jwtVerify on each request',
        run: async (times) => {
          for (let i = 0; i < times; i++) await jwtVerify(newText(), set, options)
        },
      },
      {
        name: 'the text alone',
        run: async (times) => {
          for (let i = 0; i < times; i++) await newText()
        },
      },
    ],
    { rounds, times: TIMES },
  )
  keys.close()
}
