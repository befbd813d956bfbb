/**
 * The entry point of an image. It runs a function's bundle, and each lazy part of it on first use, from the V8 code caches
 * that were written after warm-up requests. A cache changes nothing but the duration of the start: its name says what it
 * belongs to, and one that does not fit is ignored and logged. Every millisecond here is one of each cold start.
 */
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { readCache } from './code-cache.ts'
import { mapStack } from './map-stack.ts'
import { START_INFO, type StartInfo } from './start-info.ts'

/** Defined by the build: each part's file by its name. `main` is the bundle; a file is named after its content. */
declare const PARTS: Readonly<Record<string, string>>

type PartFunction = (
  exports: object,
  require: (id: string) => unknown,
  module: { exports: object },
  filename: string,
  dirname: string,
  ebbStart: StartInfo,
) => void

const modules = new Map<string, { exports: object }>()
const scripts = new Map<string, Script>()
const ignored: string[] = []
let shared: Readonly<Record<string, object>> = {}
const startInfo: StartInfo = {
  loadingAt: performance.now(),
  ...{ scripts, ignored },
  mapStack: mapStack,
  share: (modules) => {
    shared = modules
  },
}

/** The bundle's `require`: for what it shares, its parts, and Node's own modules. */
function requirePart(id: string): unknown {
  if (Object.hasOwn(shared, id)) return shared[id]
  return Object.hasOwn(PARTS, id) ? (modules.get(id) ?? loadPart(id)).exports : require(id)
}

function loadPart(part: string): { exports: object } {
  const file = `${__dirname}/${PARTS[part]}`
  const cache = readCache(file)
  const cachedData = cache === 'ignored' ? undefined : cache
  const bytes = readFileSync(file)
  const source = bytes.toString('utf8')
  releaseBuffer(bytes)
  const script = new Script(source, { filename: file, ...(cachedData ? { cachedData } : {}) })
  if (cachedData) releaseBuffer(cachedData)
  if (script.cachedDataRejected || cache === 'ignored') ignored.push(part)
  scripts.set(file, script)
  const module = { exports: {} }
  modules.set(part, module)
  // The build wraps each part in a function with these parameters.
  const body = script.runInThisContext() as PartFunction
  body(module.exports, requirePart, module, file, __dirname, startInfo)
  return module
}

/**
 * Frees the memory now: the garbage collector would not, since the young generation holds a whole start. A small buffer is a
 * part of Node's pool, which is in use.
 */
function releaseBuffer(bytes: Buffer<ArrayBuffer>): void {
  if (bytes.length > Buffer.poolSize) bytes.buffer.transfer(0)
}

Object.assign(globalThis, { [START_INFO]: startInfo })
const reportAndExit = (error: unknown) => {
  process.stderr.write(`${mapStack(String(Object(error).stack ?? error))}\n`)
  process.exit(1)
}
process.once('uncaughtException', reportAndExit)
loadPart('main')
// From here on the bundle handles uncaught errors itself.
process.off('uncaughtException', reportAndExit)
