import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { DocsFile, GatewayPorts } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import { docsPage, START } from './docs-page.ts'

export interface DocsFilesOptions {
  /** Keys filled in for whoever opens the page, as EBB_DOCS_KEY has them; callers type theirs unless told. */
  readonly key?: string | undefined
  readonly log: Pick<Log, 'warn'>
}

const JS = 'text/javascript; charset=utf-8'
const CSS = 'text/css; charset=utf-8'

/**
 * The API reference: Swagger UI as its package ships it, read once when it is first asked for, and a page that shows
 * /openapi.json with it. None where the package is not installed.
 */
export function docsFiles({ key, log }: DocsFilesOptions): GatewayPorts['docs'] {
  const open = () =>
    openFiles(key).catch((fault: unknown) => {
      log.warn({ err: fault }, 'there is no API reference: swagger-ui-dist cannot be read')
      return new Map<string, Read>()
    })
  let files: ReturnType<typeof open> | undefined
  return async (path) => {
    files ??= open()
    return (await files).get(path)?.()
  }
}

type Read = () => Promise<DocsFile>

/** The paths of all files; what does not change has its version in the path. */
async function openFiles(key: string | undefined): Promise<ReadonlyMap<string, Read>> {
  // From the program that runs, since a bundle has no address of its own.
  const manifest = createRequire(process.argv[1] ?? '').resolve('swagger-ui-dist/package.json')
  const { version }: { version: string } = JSON.parse(await readFile(manifest, 'utf8'))
  const inPackage = (name: string, type: string) =>
    once(async () => ({ type, body: await readFile(join(dirname(manifest), name)), lasting: true }))
  const hash = createHash('sha256').update(START).digest('hex').slice(0, 12)
  const paths = {
    script: `/docs/${version}/swagger-ui-bundle.js`,
    style: `/docs/${version}/swagger-ui.css`,
    start: `/docs/start-${hash}.js`,
  }
  const page = { type: 'text/html; charset=utf-8', body: docsPage({ ...paths, keys: keysOf(key) }), lasting: false }
  return new Map<string, Read>([
    ['/docs', async () => page],
    [paths.script, inPackage('swagger-ui-bundle.js', JS)],
    [paths.style, inPackage('swagger-ui.css', CSS)],
    [paths.start, async () => ({ type: JS, body: START, lasting: true })],
  ])
}

/** `NAME=KEY,NAME=KEY`, or a key alone. */
const keysOf = (given = ''): Readonly<Record<string, string>> =>
  Object.fromEntries(
    given
      .split(',')
      .filter((part) => part !== '')
      .map((part) => [part.slice(0, Math.max(0, part.indexOf('='))) || 'key', part.slice(part.indexOf('=') + 1)]),
  )

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}
