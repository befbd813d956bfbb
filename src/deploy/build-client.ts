import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { clientTypes, methodOf } from './client-types.ts'
import type { ContractsData, EndpointData } from './contracts-data.ts'
import { loadContractsData } from './load-contracts.ts'
import { platformModule, platformTypes } from './platform-files.ts'
import { readProjectManifest } from './project-manifest.ts'

interface BuiltClient {
  readonly folder: string
  readonly name: string
  readonly version: string
  readonly endpoints: number
}

/**
 * Packs a client of all endpoints into `folder`, ready for `npm publish`: one ESM file for browsers and Node, its types,
 * and no dependency.
 */
export async function buildClient(
  project: string,
  { folder = join(project, 'dist/client') }: { folder?: string } = {},
): Promise<BuiltClient> {
  const { name, version } = await readProjectManifest(project)
  const contracts = await loadContractsData(project)
  const callTypes = await readFile(platformTypes('src/client/call'), 'utf8')
  const { files, entry } = clientPackage(contracts, { name, version, callTypes })
  const { outputFiles } = await build({
    ...{ bundle: true, format: 'esm', platform: 'browser', target: 'es2022', write: false, logLevel: 'silent' },
    stdin: { contents: entry, resolveDir: project, loader: 'js', sourcefile: 'client.js' },
    absWorkingDir: project,
  })
  await mkdir(folder, { recursive: true })
  const all = { ...files, 'index.js': outputFiles[0]?.text ?? '' }
  await Promise.all(Object.entries(all).map(([file, text]) => writeFile(join(folder, file), text)))
  return {
    folder,
    name: `${name}-client`,
    version,
    endpoints: contracts.endpoints.filter(({ route }) => !route.internal).length,
  }
}

interface PackageOptions {
  /** Of the project. */
  readonly name: string
  readonly version: string
  /** The text of src/client/call.ts. */
  readonly callTypes: string
}

interface ClientPackage {
  /** The published files, by name. */
  readonly files: Readonly<Record<string, string>>
  /** A module that still imports src/client, for the bundler. */
  readonly entry: string
}

/** Renders the package of a client that is typed by these contracts. Throws where two endpoints have the same method name. */
function clientPackage({ endpoints: all }: ContractsData, { name, version, callTypes }: PackageOptions): ClientPackage {
  // A browser has a client for WebSockets, and Node has it, too; and what is internal nobody can call from outside.
  const endpoints = all.filter(({ route }) => !route.upgrade && !route.internal)
  const methods = endpoints.map(methodOf)
  const twice = methods.find((method, i) => methods.indexOf(method) < i)
  if (twice) throw new TypeError(`two endpoints make the method ${twice}; rename one of them`)
  const packed = `${name}-client`
  return {
    files: {
      'package.json': `${JSON.stringify(manifest(packed, version), undefined, 2)}\n`,
      'README.md': readme(packed, endpoints),
      'index.d.ts': clientTypes(endpoints, { callTypes }),
    },
    entry: entry(endpoints),
  }
}

const manifest = (name: string, version: string) => ({
  ...{ name, version, description: 'A typed client, made from the contracts of its API.', type: 'module' },
  exports: { '.': { types: './index.d.ts', default: './index.js' } },
  types: './index.d.ts',
  files: ['index.js', 'index.d.ts'],
  sideEffects: false,
  engines: { node: '>=20' },
})

/** The part of a contract that a client needs at run time. */
const runtimeData = ({ route, replies, failures }: EndpointData) => ({
  ...{ name: route.name, method: route.method, path: route.path },
  ...(route.idempotent ? { idempotent: true } : {}),
  ...(route.async ? { async: true } : {}),
  ...(route.readOnly && route.method !== 'GET' ? { reads: true } : {}),
  ...bodyData(route),
  replies: replies.map(({ status, headerKinds }) => ({
    status,
    ...(route.replyStream ? { stream: route.replyStream.type } : {}),
    ...(headerKinds ? { headerKinds } : {}),
  })),
  failures,
})

function bodyData({ bodyStream, bodyTypes }: EndpointData['route']) {
  if (bodyStream) return { bodyKind: bodyStream.form ? 'form' : 'stream', bodyTypes: bodyStream.types }
  return bodyTypes ? { bodyTypes } : {}
}

function entry(endpoints: readonly EndpointData[]): string {
  const contracts = Object.fromEntries(endpoints.map((endpoint) => [methodOf(endpoint), runtimeData(endpoint)]))
  return `
    import { createCalls } from ${JSON.stringify(platformModule('src/client/create-calls'))}
    const contracts = ${JSON.stringify(contracts, undefined, 2)}
    export const createClient = (options) => createCalls(contracts, options)`
}

function readme(name: string, endpoints: readonly EndpointData[]): string {
  const rows = endpoints.map((endpoint) => `- \`${methodOf(endpoint)}\`: ${endpoint.route.summary}`)
  return `# ${name}

A typed client for Node 20 and browsers, without dependencies.

\`\`\`ts
import { createClient } from '${name}'

const client = createClient({ baseUrl: 'https://api.example.com', key: '…' })
const result = await client.${endpoints[0] ? methodOf(endpoints[0]) : 'method'}(${'{ … }'})
if (result.ok) use(result.data)
else switch (result.error) { /* every way in which it can fail, known to the compiler */ }
\`\`\`

Nothing is thrown because of the network or the server. Reads and idempotent calls are retried by themselves, with one
Idempotency-Key for all tries; \`timeoutMs\` bounds them all together.

${rows.join('\n')}
`
}
