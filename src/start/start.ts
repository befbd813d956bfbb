/**
 * The first program of an image. It runs a function's bundle, and each lazy part of it on first use, through V8 code
 * caches that were written after warm-up requests. A cache changes nothing but the start's time: its name says whose
 * it is, and what does not fit is ignored and told. Every millisecond here is a millisecond of each cold start.
 */
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { readCache } from './code-cache.ts'
import { mapStack } from './map-stack.ts'
import { START_INFO, type StartInfo } from './start-info.ts'

/** Filled in by the build: each part's file by its name. `main` is the bundle; a file is named after its content. */
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
  share: (offered) => {
    shared = offered
  },
}

/** The bundle's own `require`: what it shares, its parts, and Node's own modules. */
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
 * Gives the memory back now: no collection would come to it, since the young generation holds a whole start. What is
 * small is of Node's pool, and others read there.
 */
function releaseBuffer(bytes: Buffer<ArrayBuffer>): void {
  if (bytes.length > Buffer.poolSize) bytes.buffer.transfer(0)
}

Object.assign(globalThis, { [START_INFO]: startInfo })
const reportAndExit = (fault: unknown) => {
  process.stderr.write(`${mapStack(String(Object(fault).stack ?? fault))}\n`)
  process.exit(1)
}
process.once('uncaughtException', reportAndExit)
loadPart('main')
// From here on the bundle knows better what to do with one.
process.off('uncaughtException', reportAndExit)
