import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { importJWK, SignJWT } from 'jose'
import { NODE_FLAGS } from '../../src/build/index.ts'
import { generateIdentityKeys, type IdentityKeys } from '../../src/protocol/index.ts'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { graphqlFunction } from '../../test/support/graphql-function.ts'
import type { HttpRequest, Subject } from './prepare-start.ts'
import { startDatabase } from './start-database.ts'

/** The peers and ours, the traced ones exporting to this URL over OTLP; the caller disposes of them. */
export async function allSubjects(otlpUrl: string): Promise<OurSubjects> {
  const exporter = { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }
  const peers = await peerSubjects()
  const ours = await ourSubjects()
  const subjects = [...peers, ...ours.subjects].map((subject) => ({ ...subject, env: { ...exporter, ...subject.env } }))
  return { subjects, [Symbol.asyncDispose]: () => ours[Symbol.asyncDispose]() }
}

interface OurSubjects extends AsyncDisposable {
  readonly subjects: readonly Subject[]
}

const ORDER = { sku: 'LAMP-BRASS-01', quantity: 1, email: 'ada@example.com' }
const QUERY = '{ products(limit: 5) { items { sku name } } }'
const TRACED = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }

/**
 * Functions of Ebb as their images hold them, built and warmed up as `npm run build` does it, with every request traced:
 * one without a database, whose work is what the peers do, and place-order, up to an answer that says what is wrong with
 * the order, and up to the order itself in Postgres. The laptop's way differs in its address and in who ends it.
 * Of another checkout where `root` names one, whose packages have to be installed.
 */
export async function ourSubjects({ root = resolve('.'), label = 'ebb' } = {}): Promise<OurSubjects> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const database = opened.use(await startDatabase())
  const keys = await generateIdentityKeys()
  const env = { EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks), DATABASE_URL: database.url, EBB_POOL_MAX: '5' }

  const checkout = await copyCheckout(
    { ...functionFiles('say-hello', 'return { pid: 1 }'), ...(await graphqlFunction()) },
    { platform: root },
  )
  await build(checkout.root, ['say-hello', 'place-order', 'graphql'], folder).finally(checkout.remove)
  const [sayHello, placeOrder] = [startArgs(folder, 'say-hello'), startArgs(folder, 'place-order')]
  const asker = { 'ebb-identity': await signLastingIdentity(keys, 'graphql'), ...TRACED }
  const ask = (): HttpRequest => ({
    ...{ method: 'POST', path: '/v1/graphql', body: JSON.stringify({ query: QUERY }) },
    headers: { ...asker, 'content-type': 'application/json' },
  })
  const hello = { 'ebb-identity': await signLastingIdentity(keys, 'say-hello'), ...TRACED }
  const customer = { 'ebb-identity': await signLastingIdentity(keys, 'place-order'), ...TRACED }
  const order = (body: unknown) => (): HttpRequest => ({
    ...{ method: 'POST', path: '/v1/orders', body: JSON.stringify(body) },
    headers: { ...customer, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
  })
  const health = () => ({ method: 'GET', path: '/_/health', headers: {} }) as const
  const get = () => ({ method: 'GET', path: '/v1/say-hello', headers: hello }) as const
  const onLaptop = { EBB_HOST: '127.0.0.1' }
  const subjects: readonly Subject[] = [
    { name: `${label} say-hello`, args: sayHello, env, request: get, expectStatus: 200 },
    {
      ...{ name: `${label} say-hello, laptop`, args: sayHello, request: get },
      env: { ...env, ...onLaptop },
      expectStatus: 200,
      startOnly: true,
    },
    {
      name: `${label} place-order, health`,
      args: placeOrder,
      env,
      request: health,
      expectStatus: 204,
      startOnly: true,
    },
    {
      name: `${label} place-order, 400`,
      args: placeOrder,
      env,
      request: order({ sku: 1 }),
      expectStatus: 400,
      startOnly: true,
    },
    {
      name: `${label} place-order, 201`,
      args: placeOrder,
      env,
      request: order(ORDER),
      expectStatus: 201,
      startOnly: true,
    },
    {
      name: `${label} graphql, 200`,
      args: startArgs(folder, 'graphql'),
      // Its mutations call other functions, its queries none.
      env: { ...env, EBB_UPSTREAM_TEMPLATE: 'http://127.0.0.1:9/{name}' },
      request: ask,
      expectStatus: 200,
      startOnly: true,
    },
  ]
  const kept = opened.move()
  return { subjects, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** say-hello as its image holds it, built from this checkout with these files written over it; disposing of it removes it. */
export async function buildSayHello({ name, files = {} }: { name: string; files?: Readonly<Record<string, string>> }) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-'))
  const keys = await generateIdentityKeys()
  const checkout = await copyCheckout({ ...functionFiles('say-hello', 'return { pid: 1 }'), ...files })
  await build(checkout.root, ['say-hello'], folder).finally(checkout.remove)
  const headers = { 'ebb-identity': await signLastingIdentity(keys, 'say-hello'), ...TRACED }
  const subject: Subject = {
    ...{ name, args: startArgs(folder, 'say-hello'), expectStatus: 200 },
    env: { EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks) },
    request: () => ({ method: 'GET', path: '/v1/say-hello', headers }),
  }
  return { subject, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

const execute = promisify(execFile)

/** By the checkout's own command, so that each is built as it builds. */
const build = (root: string, names: readonly string[], folder: string) =>
  execute(process.execPath, ['src/cli.ts', 'build', ...names, '--out', folder], { cwd: root })

/** What follows `node` in the image of a function. */
const startArgs = (folder: string, name: string) => [...NODE_FLAGS, join(folder, name, 'start.cjs')]

/** As the gateway signs it, but good for longer than any bench takes: the gateway's own are for a minute. */
export async function signLastingIdentity({ gateway }: IdentityKeys, audience: string) {
  return new SignJWT({ scopes: ['orders:write'] })
    .setProtectedHeader({ alg: 'EdDSA', kid: gateway.kid ?? '' })
    .setIssuer('ebb:gateway')
    .setSubject('ada')
    .setAudience(audience)
    .setExpirationTime('6h')
    .sign(await importJWK(gateway, 'EdDSA'))
}

export const BARE = 'bare node:http'
export const FUNCTIONS_FRAMEWORK = 'functions-framework'

const FOLDER = resolve(import.meta.dirname, '../peers')
const INSTALL_TIMEOUT_MS = 300_000

/** What Ebb is measured against, each started as its documentation says; installs them where they are absent. */
async function peerSubjects(): Promise<readonly Subject[]> {
  // What npm writes last.
  if (!existsSync(join(FOLDER, 'node_modules/.package-lock.json'))) await install()
  return [
    peer(BARE, ['bare.cjs']),
    peer('express', ['express.cjs']),
    peer('fastify', ['fastify.cjs']),
    peer(FUNCTIONS_FRAMEWORK, [
      'node_modules/@google-cloud/functions-framework/build/src/main.js',
      '--source=functions-framework.js',
      '--target=sayHello',
    ]),
    {
      ...peer('faas-js-runtime', ['node_modules/faas-js-runtime/bin/cli.js', 'faas.cjs'], { path: '/' }),
      portVariable: 'FUNC_PORT',
    },
    peer('express, traced', ['--require', '@opentelemetry/auto-instrumentations-node/register', 'express.cjs'], {
      env: {
        OTEL_TRACES_EXPORTER: 'otlp',
        // As its documentation has it; all of them would ask the clouds' metadata servers, which are not here.
        OTEL_NODE_RESOURCE_DETECTORS: 'host,os,serviceinstance,env',
      },
    }),
  ]
}

const peer = (name: string, args: readonly string[], { path = '/v1/say-hello', env = {} } = {}): Subject => ({
  name,
  args,
  cwd: FOLDER,
  env,
  request: () => ({ method: 'GET', path, headers: {} }),
  expectStatus: 200,
})

async function install() {
  console.log('Installing the peers into bench/peers/node_modules')
  await execute('npm', ['ci', '--ignore-scripts'], { cwd: FOLDER, timeout: INSTALL_TIMEOUT_MS })
}
