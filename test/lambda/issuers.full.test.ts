import { describe, expect, it } from '@jest/globals'
import { createTestKey, goodClaims, signToken } from '../support/test-issuer.ts'
import { JWKS, onLambda } from './on-lambda.ts'

const ISSUER = 'http://127.0.0.1:9'
const EBB_ISSUERS = JSON.stringify([
  { issuer: ISSUER, audience: 'https://api.example', algorithms: ['ES256'], allowHttp: true },
])

const request = (authorization?: string) => ({
  ...{ version: '2.0', rawPath: '/v1/hello', rawQueryString: '', isBase64Encoded: false },
  headers: authorization === undefined ? {} : { authorization },
  requestContext: { http: { method: 'GET' } },
})
const problemIn = (body: unknown) => JSON.parse((body as { readonly body: string }).body).message

describe('an endpoint with EBB_ISSUERS and no key of a gateway', () => {
  const { invoke } = onLambda('say-hello', { EBB_ISSUERS })

  it('asks for a token, and looks at it', async () => {
    expect(problemIn((await invoke(request())).body)).toBe('Send a valid access token as Authorization: Bearer.')
    const key = await createTestKey()
    const token = signToken({ alg: key.alg, typ: 'at+jwt', kid: key.kid }, goodClaims(ISSUER), key)
    // Its issuer does not answer: the token was read so far.
    expect((await invoke(request(`Bearer ${token}`))).body).toMatchObject({ statusCode: 503 })
  })
})

describe('an endpoint that knows the keys of a gateway', () => {
  const { invoke } = onLambda('say-hello', { EBB_ISSUERS, EBB_IDENTITY_JWKS: JWKS })

  it('takes no token, whatever else is set', async () => {
    expect(problemIn((await invoke(request('Bearer a.b.c'))).body)).toBe('Functions are called through the gateway.')
  })
})
