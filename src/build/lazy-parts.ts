import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { PLATFORM } from '../deploy/platform-files.ts'

/** What reads a form: a part of functions whose contract has one. */
export const FORM_PARSER = '@fastify/busboy'

/** Parts that are modules of ours, by the names under which they are required. */
export const OWN_PARTS: Readonly<Record<string, string>> = { 'ebb:profile': 'src/http/profiles/serve-profile' }

/**
 * What a function loads on first use, each a file of its own beside the bundle: heavy clients, and what is used only after
 * the first response. This is the only list of them; sources import them like any other module.
 */
export const LAZY_PARTS = [
  'pg',
  'ioredis',
  'undici',
  'nodemailer',
  FORM_PARSER,
  'pino',
  'casbin',
  'graphql',
  'ws',
  'ebb/http/lambda',
  'ebb/http/issuers',
  '@opentelemetry/otlp-exporter-base/node-http',
  '@opentelemetry/otlp-transformer',
  '@opentelemetry/exporter-trace-otlp-http',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-metrics-otlp-http',
  '@opentelemetry/exporter-prometheus',
  ...Object.keys(OWN_PARTS),
]

/** Of a lazy part that is much larger than what is used of it, the exports that are used: those of src/http/graphql. */
export const USED_EXPORTS: Readonly<Record<string, readonly string[]>> = {
  graphql: [
    ...['buildASTSchema', 'executeSync', 'experimentalExecuteIncrementally', 'getNamedType', 'getNullableType'],
    ...['getOperationAST', 'getVariableValues', 'isCompositeType', 'isInterfaceType', 'isListType', 'isObjectType'],
    ...[
      'legacyExecuteIncrementally',
      'NoSchemaIntrospectionCustomRule',
      'parse',
      'specifiedRules',
      'validate',
      'visit',
    ],
  ],
}

/** Modules of the bundle that lazy parts share, so that no class and no context key exists twice. */
export const SHARED = ['@opentelemetry/api', '@opentelemetry/core', '@opentelemetry/resources']

/** Node's own modules that take more than a millisecond to load. */
const LAZY_BUILTINS = ['crypto', 'tls', 'https', 'zlib']

/** Parts of Express that a function does not use: files, forms, its body parsing, debug output, deprecations. */
const OMITTED_MODULES: Readonly<Record<string, string>> = {
  'body-parser': 'module.exports = {}',
  'mime-types': 'module.exports = {}',
  qs: 'module.exports = {}',
  send: 'module.exports = {}',
  'serve-static': 'module.exports = {}',
  debug: 'module.exports = () => Object.assign(() => {}, { enabled: false })',
  depd: 'module.exports = () => Object.assign(() => {}, { function: (deprecated) => deprecated, property() {} })',
}

/** Modules of ours that work at build time only: what they check was checked before there was a bundle. */
const BUILD_TIME_CHECKS = /[/\\]src[/\\]contract[/\\]check-(endpoint|receive|schedule|subscriber)\.[jt]s$/

const matchAny = (names: readonly string[]) => new RegExp(`^(${names.join('|').replaceAll('/', '\\/')})$`)
const BUILTIN = new RegExp(`^(node:)?(${LAZY_BUILTINS.join('|')})$`)

/** Replaces each of Node's slow modules by a proxy that loads it on first use. */
export function deferBuiltins(): Plugin {
  const require = createRequire(join(PLATFORM, 'package.json'))
  return {
    name: 'defer-builtins',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: BUILTIN }, ({ path }) => ({ path: `node:${path.replace('node:', '')}`, namespace: 'lazy' }))
      onResolve({ filter: /^now:/ }, ({ path }) => ({ path: path.slice('now:'.length), external: true }))
      onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => ({ contents: lazyModule(path, require(path)) }))
    },
  }
}

interface DeferPartsOptions {
  readonly entryPoint: string
  /** Whether it is an endpoint with `upgrade`. */
  readonly usesWebSockets: boolean
  /** Whether it is a subscriber with `batch`. */
  readonly takesBatches: boolean
  /** Whether it is a `graphql()`. */
  readonly isGraph: boolean
  /** Whether it says `calls`, or a graph's `mutation`. */
  readonly callsOthers: boolean
  /** Whether its body or its reply is a stream, or its body a form. */
  readonly streams: boolean
  /** Whether its body is a stream whose lines have a schema. */
  readonly readsItems: boolean
  /** Whether it calls `sql.copyInto`. */
  readonly copiesRows: boolean
  /** Whether it calls `sql.stream`. */
  readonly streamsRows: boolean
}

/** Replaces each lazy part by such a proxy, too, and omits from the bundle what it does not use. */
export function deferParts(options: DeferPartsOptions): Plugin {
  const { entryPoint, usesWebSockets, takesBatches, isGraph, callsOthers, streams } = options
  const { readsItems, copiesRows, streamsRows } = options
  return {
    name: 'defer-parts',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: matchAny(LAZY_PARTS) }, ({ path }) => ({ path, namespace: 'lazy' }))
      onResolve({ filter: matchAny(Object.keys(OMITTED_MODULES)) }, ({ path }) => ({ path, namespace: 'omitted' }))
      for (const [part, module] of Object.entries(OWN_PARTS))
        onResolve({ filter: ownModule(module) }, () => ({ path: part, external: true }))
      onLoad({ filter: /./, namespace: 'omitted' }, ({ path }) => ({ contents: OMITTED_MODULES[path] ?? '' }))
      onLoad({ filter: BUILD_TIME_CHECKS }, () => ({ contents: NO_CHECKS }))
      if (!usesWebSockets) onLoad({ filter: WEBSOCKETS }, () => ({ contents: NO_WEBSOCKETS }))
      if (!takesBatches) onLoad({ filter: BATCHES }, () => ({ contents: NO_BATCHES }))
      if (!isGraph) onLoad({ filter: GRAPHS }, () => ({ contents: NO_GRAPHS }))
      if (!callsOthers) onLoad({ filter: CALLS }, () => ({ contents: NO_CALLS }))
      if (!streams) onLoad({ filter: STREAMS }, () => ({ contents: NO_STREAMS }))
      if (!readsItems) onLoad({ filter: ITEMS }, () => ({ contents: NO_ITEMS }))
      if (!copiesRows) onLoad({ filter: COPIES }, () => ({ contents: NO_COPIES }))
      if (!streamsRows) onLoad({ filter: ROWS }, () => ({ contents: NO_ROWS }))
      // package.json says that no module has side effects, which is true of all but this one.
      onResolve({ filter: /^ebb:entry-point$/ }, () => ({ path: entryPoint, sideEffects: true }))
      onResolve({ filter: /^ebb:shared$/ }, ({ path }) => ({ path, namespace: 'shared' }))
      onLoad({ filter: /./, namespace: 'shared' }, () => ({ contents: sharedModules(), resolveDir: PLATFORM }))
    },
  }
}

/** How sources import a part of ours: by the last two segments of its path. */
const ownModule = (module: string) => new RegExp(`/${module.split('/').slice(-2).join('/')}\\.[jt]s$`)

/** What only the endpoints with `upgrade` run. */
const WEBSOCKETS = /[/\\]src[/\\]http[/\\]websocket[/\\]converse\.[jt]s$/
const NO_WEBSOCKETS = `
  export const createConnections = () => ({ add() {}, close() {} })
  export const converse = () => { throw new Error('it was built without WebSockets: write \`upgrade\` in its contract.ts itself') }`

/** What only the subscribers with `batch` run. */
const BATCHES = /[/\\]src[/\\](http[/\\]middleware[/\\](read|transact)-batch|data[/\\]inbox-batch)\.[jt]s$/
const NO_BATCHES = `
  const refuse = () => { throw new Error('it was built without batches: write \`batch\` in its contract.ts itself') }
  export { refuse as readBatch, refuse as transactBatch, refuse as recordAllInInbox, refuse as removeFromInbox }`

/** What only GraphQL endpoints run. */
const GRAPHS = /[/\\]src[/\\]http[/\\]graphql[/\\]answer-operation\.[jt]s$/
const NO_GRAPHS = `
  export const answerOperation = () => { throw new Error('it was built without GraphQL: write \`graphql()\` in its contract.ts itself') }`

/** What only the functions with `calls` run. */
const CALLS = /[/\\]src[/\\]http[/\\](check-callees|delegated|middleware[/\\]take-delegation)\.[jt]s$/
const NO_CALLS = `
  export const createDelegated = () => {}, takeDelegation = () => {}
  export function checkCallees({ name }, uses) {
    if (Object.values(uses).some(({ calls }) => calls))
      throw new Error(name + ' calls other functions: write \`calls\` or \`mutation\` in its contract.ts itself')
  }`

/** What only the endpoints with a stream or a form run. */
const STREAMS = /[/\\]src[/\\]http[/\\]middleware[/\\](receive-(stream|form)|stream-reply)\.[jt]s$/
const NO_STREAMS = `
  const refuse = () => { throw new Error('it was built without streams: write them in its contract.ts itself, or in domain') }
  export { refuse as receiveStream, refuse as receiveForm, refuse as streamReply, refuse as unsupportedType }`

/** What only the endpoints with a `stream({ item })` run. */
const ITEMS = /[/\\]src[/\\]http[/\\]streams[/\\]read-items\.[jt]s$/
const NO_ITEMS = `
  const refuse = () => { throw new Error('it was built without items: write \`item\` in its contract.ts itself, or in domain') }
  export { refuse as createItemReader, refuse as toStreamedItems }`

/** What only the functions that call `sql.copyInto` run. */
const COPIES = /[/\\]src[/\\]data[/\\]postgres[/\\]copy[/\\]copy-into\.[jt]s$/
const NO_COPIES = `
  export const refuseCopy = async () => { throw new Error('it was built without COPY: call \`sql.copyInto\` in its folder or in domain') }
  export const createCopying = () => ({ check() {}, into: refuseCopy })`

/** What only the functions that call `sql.stream` run. */
const ROWS = /[/\\]src[/\\]data[/\\]postgres[/\\]rows[/\\]stream-rows\.[jt]s$/
const NO_ROWS = `
  export const refuseStream = () => { throw new Error('it was built without rows that come one by one: call \`sql.stream\` in its folder or in domain') }
  export const createStreaming = () => ({ check() {}, stream: refuseStream })`

const NO_CHECKS =
  'export const checkEndpoint = () => {}, checkReceive = () => {}, checkSchedule = () => {}, checkSubscriber = () => {}'

/** A module with the exports of another, which is loaded when one of them is used. */
function lazyModule(path: string, real: object): string {
  const names = JSON.stringify(USED_EXPORTS[path] ?? Object.keys(real))
  return `
    let real
    const load = () => (real ??= require(${JSON.stringify(`now:${path}`)}))
    const get = (name) => ({ enumerable: true, configurable: true, get: () => load()[name] })
    module.exports = Object.defineProperties({}, Object.fromEntries(${names}.map((name) => [name, get(name)])))
    ${path === 'node:crypto' ? WEBCRYPTO : ''}`
}

/**
 * What a first request needs of it is the Web Crypto API, which loads faster than all of node:crypto. pg reads `subtle` when
 * it is loaded, long before it has a password to prove.
 */
const WEBCRYPTO = `
  const later = (names, of) => Object.fromEntries(names.map((name) => [name, (...args) => of()[name](...args)]))
  const subtle = later(['digest', 'importKey', 'deriveBits', 'sign', 'verify'], () => globalThis.crypto.subtle)
  const web = later(['getRandomValues', 'randomUUID'], () => globalThis.crypto)
  Object.defineProperty(module.exports, 'webcrypto', { value: { ...web, subtle }, enumerable: true })
  Object.defineProperty(module.exports, 'randomUUID', { value: web.randomUUID, enumerable: true })`

// Compiled parsers pay off after some thousand requests, and compiling them costs each cold start more than that.
const sharedModules = () => `
  import { config } from 'zod/v4/core'
  config({ jitless: true })
  ${SHARED.map((name, i) => `import * as s${i} from '${name}'`).join('\n')}
  ebbStart.share({ ${SHARED.map((name, i) => `'${name}': s${i}`).join(', ')} })`
