import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import type { EndpointContract } from '../contract/index.ts'
import { acceptUpgrades } from '../http/accept-upgrades.ts'
import { MAX_FUNCTION_HEADER_BYTES } from '../http/header-limits.ts'
import { createApp, type Implementation, openResources, type Uses } from '../http/index.ts'
import { createLog, parseConfig, Secret } from '../kernel/index.ts'
import {
  createIdentitySigners,
  createIdentityVerifier,
  DELEGATION_HEADER,
  generateIdentityKeys,
  writeDelegation,
} from '../protocol/index.ts'
import { startServices, type TestService } from './start-services.ts'
import type { Caller } from './test-function-types.ts'
import { startTestObjects } from './test-objects.ts'

interface RunOptions {
  /** What may answer in the place of functions that it calls, and of its resources. */
  readonly services: object
  readonly uses: object
  readonly databaseUrl: string
  /** Of the owner, for the store of objects. */
  readonly pool: pg.Pool
  /** Of the project that the function is part of. */
  readonly project: string
  readonly env: Readonly<Record<string, string>>
}

/** Starts a function on a port of its own, as in a pod, with all that it calls and stores beside it. */
export async function runFunction(fn: Implementation, { services, uses, pool, project, env, databaseUrl }: RunOptions) {
  const { name } = fn.contract
  const folder = await mkdtemp(join(tmpdir(), 'ebb-test-'))
  const usesObjects = Object.values(fn.uses).some(({ stores }) => stores.includes('objects'))
  const objects = usesObjects ? await startTestObjects(join(folder, 'objects'), pool) : undefined
  const settings = {
    ...(objects ? { EBB_OBJECTS_URL: objects.url } : {}),
    ...{ DATABASE_URL: databaseUrl, EBB_MAIL_FOLDER: folder },
    ...{ EBB_POLICY_FOLDER: join(project, 'domain/policy'), ...env },
  }
  const log = createLog({ level: 'silent' })
  const keys = await generateIdentityKeys()
  const called = calledBy(fn.uses, services)
  const options = { config: parseConfig(settings), log, jwks: keys.jwks }
  const running = called.length > 0 ? await startServices(called, options) : undefined
  const config = parseConfig({ ...(running ? { EBB_UPSTREAM_TEMPLATE: running.template } : {}), ...settings })
  const implementation = { ...fn, uses: withStubs(fn.uses, uses) }
  const resources = openResources(implementation.uses, config, log, fn.contract)
  const secrets = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, new Secret(value)]))
  const verify = createIdentityVerifier(keys.jwks, name)
  const app = createApp(implementation, { resources, log, secrets, verify, maxConcurrency: config.EBB_MAX_CONCURRENCY })
  const server = createServer({ maxHeaderSize: MAX_FUNCTION_HEADER_BYTES }, app)
  if (fn.contract.kind === 'endpoint' && fn.contract.upgrade) acceptUpgrades(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sign = createIdentitySigners(keys)
  const calls = called.map(({ contract }) => ({ name: contract.name, scopes: contract.access.scopes ?? [] }))
  return {
    server,
    // A server that listens on a port has an address.
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    folder,
    upload: objects?.upload,
    sign,
    /** What the gateway or the relay would add for this caller. */
    headersOf: async (issuer: 'gateway' | 'relay', { scopes = [], ...given }: Caller) => {
      const caller = { ...(isInternal(fn.contract) ? { via: 'test' } : {}), ...given, scopes }
      const delegated =
        calls.length > 0 && (await writeDelegation(sign[issuer], { caller, via: name, calls }, { waitMs: 600_000 }))
      return {
        'ebb-identity': await sign[issuer](caller, name),
        ...(delegated ? { [DELEGATION_HEADER]: delegated } : {}),
      }
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await Promise.all([resources.close(), running?.close(), objects?.stop()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const isInternal = (contract: Implementation['contract']) =>
  contract.kind === 'endpoint' && contract.access.internal === true

/** The resources, some of them as what a test has in their place. */
const withStubs = (uses: Uses, stubs: object): Uses =>
  Object.fromEntries(
    Object.entries(uses).map(([name, resource]) => {
      const stub = (stubs as Readonly<Record<string, unknown>>)[name]
      return [name, stub === undefined ? resource : { stores: [], open: () => stub, bind: (opened: unknown) => opened }]
    }),
  )

/** All functions that the resources call, each with what the test has in its place. */
const calledBy = (uses: Uses, services: object): readonly TestService[] =>
  Object.values(uses).flatMap((resource) => {
    const { contracts = {} } = resource as { readonly contracts?: Readonly<Record<string, EndpointContract>> }
    return Object.entries(contracts).map(([name, contract]) => ({
      contract,
      given: (services as Readonly<Record<string, TestService['given']>>)[name],
    }))
  })
