/**
 * The first program of an image. It runs a function's bundle, and each lazy part of it on first use, through V8 code
 * caches that were written after warm-up requests. A cache changes nothing but the start's time: its name says whose
 * it is, and what does not fit is ignored and told. Every millisecond here is a millisecond of each cold start.
 */
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { readCache } from './code-cache.ts'
import { explainStack } from './explain-stack.ts'
import { STARTED, type Started } from './started.ts'

/** Filled in by the build: each part's file by its name. `main` is the bundle; a file is named after its content. */
declare const PARTS: Readonly<Record<string, string>>

type Body = (
  exports: object,
  require: (id: string) => unknown,
  module: { exports: object },
  filename: string,
  dirname: string,
  ebbStart: Started,
) => void

const modules = new Map<string, { exports: object }>()
const scripts = new Map<string, Script>()
const ignored: string[] = []
let shared: Readonly<Record<string, object>> = {}
const started: Started = {
  loadingAt: performance.now(),
  ...{ scripts, ignored },
  explain: explainStack,
  share: (offered) => {
    shared = offered
  },
}

/** The bundle's own `require`: what it shares, its parts, and Node's own modules. */
function take(id: string): unknown {
  if (Object.hasOwn(shared, id)) return shared[id]
  return Object.hasOwn(PARTS, id) ? (modules.get(id) ?? load(id)).exports : require(id)
}

function load(part: string): { exports: object } {
  const file = `${__dirname}/${PARTS[part]}`
  const cache = readCache(file)
  const cachedData = cache === 'ignored' ? undefined : cache
  const bytes = readFileSync(file)
  const source = bytes.toString('utf8')
  release(bytes)
  const script = new Script(source, { filename: file, ...(cachedData ? { cachedData } : {}) })
  if (cachedData) release(cachedData)
  if (script.cachedDataRejected || cache === 'ignored') ignored.push(part)
  scripts.set(file, script)
  const module = { exports: {} }
  modules.set(part, module)
  // The build wraps each part in a function with these parameters.
  const body = script.runInThisContext() as Body
  body(module.exports, take, module, file, __dirname, started)
  return module
}

/**
 * Gives the memory back now: no collection would come to it, since the young generation holds a whole start. What is
 * small is of Node's pool, and others read there.
 */
function release(bytes: Buffer<ArrayBuffer>): void {
  if (bytes.length > Buffer.poolSize) bytes.buffer.transfer(0)
}

Object.assign(globalThis, { [STARTED]: started })
const tell = (fault: unknown) => {
  process.stderr.write(`${explainStack(String(Object(fault).stack ?? fault))}\n`)
  process.exit(1)
}
process.once('uncaughtException', tell)
load('main')
// From here on the bundle knows better what to do with one.
process.off('uncaughtException', tell)
