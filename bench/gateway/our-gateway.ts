import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { bundleContracts, NODE_FLAGS } from '../../src/build/index.ts'
import { replaceFile } from '../../src/build/write-chunk.ts'
import { inheritedEnv } from '../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { findFreePort } from '../measure/prepare-start.ts'
import { type Process, startProcess } from './start-process.ts'

export const AUDIENCE = 'https://api.example'

/** An issuer of access tokens: its keys at /jwks, a token for a caller that may read things, and more of them for others. */
export async function startIssuer() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const server = createServer((request, response) => {
    const url = `http://127.0.0.1:${port}`
    const isKeys = request.url === '/jwks'
    const body = isKeys ? { keys: [jwk] } : { issuer: url, jwks_uri: `${url}/jwks` }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address.
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const sign = (subject: string) =>
    new SignJWT({ scope: 'things:read orders:write', client_id: 'app', roles: ['clerk'] })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
      .setIssuer(url)
      .setAudience(AUDIENCE)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime('10h')
      .setJti('8b1c7a2e-6a55-4c1e-9a44-1d8f0a6f6a01')
      .sign(privateKey)
  return {
    ...{ url, sign, token: await sign('2f8cbe0e-9b0c-4b5a-8f0e-0c8e4d3b7a11') },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface GatewayOptions {
  readonly folder: string
  /** Default: the one endpoint beside this file. */
  readonly project?: string
  readonly settings?: Readonly<Record<string, string>>
  readonly core: number
  readonly upstreamPort: number
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly issuer: string
  readonly otlpUrl: string
  /** For node. */
  readonly args?: readonly string[]
}

/** A gateway of Ebb in front of the upstream: token, scope, limit on Redis, validation, log, metrics, and all requests traced. */
export async function startOurGateway(options: GatewayOptions): Promise<Process> {
  const { folder, core, upstreamPort, databaseUrl, redisUrl, issuer, otlpUrl, args = [], settings } = options
  const port = await findFreePort()
  const { project = join(import.meta.dirname, 'project') } = options
  const { file } = await bundleContracts(project, folder, { version: '1' })
  const pointer = join(folder, 'contracts')
  await replaceFile(pointer, basename(file))
  const { gateway } = await generateIdentityKeys()
  const issuers = [{ issuer, audience: AUDIENCE, algorithms: ['ES256'], allowHttp: true }]
  const env = {
    ...inheritedEnv(['PATH']),
    ...{ NODE_ENV: 'production', PORT: String(port), EBB_ADMIN_PORT: '0', EBB_HOST: '127.0.0.1' },
    ...{ DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, EBB_ISSUERS: JSON.stringify(issuers) },
    ...{ EBB_CONTRACTS: pointer, EBB_UPSTREAM_TEMPLATE: `http://127.0.0.1:${upstreamPort}/{name}` },
    ...{ EBB_IDENTITY_KEY: JSON.stringify(gateway), EBB_KEY_PEPPER: 'p'.repeat(32), EBB_ADMIN_KEY: 'a'.repeat(16) },
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, ...settings },
  }
  return startProcess([process.execPath, ...NODE_FLAGS, ...args, 'services/gateway/index.ts'], { port, core, env })
}
