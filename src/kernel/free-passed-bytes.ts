/** How much passes before what held it is freed. */
const EVERY_BYTES = 8 * 1024 * 1024

let passedBytes = 0
let collect: (() => void) | undefined

/**
 * Counts bytes that pass through this process as chunks, and has V8 free those that have passed. A chunk is freed with the small
 * object that stands for it, and V8 looks at these when they are many, or their chunks have 64 MiB: no bound for an instance of 192.
 */
export function freePassedBytes(bytes: number): void {
  passedBytes += bytes
  if (passedBytes < EVERY_BYTES) return
  passedBytes = 0
  collect ??= youngCollector()
  collect()
}

/** V8's collection of what is young, which takes a millisecond or two where little of it is in use. */
function youngCollector(): () => void {
  // Neither is loaded at a start.
  const [{ setFlagsFromString }, { runInNewContext }] = [
    process.getBuiltinModule('node:v8'),
    process.getBuiltinModule('node:vm'),
  ]
  setFlagsFromString('--expose-gc')
  const collectGarbage: NodeJS.GCFunction = runInNewContext('gc')
  // The code caches of parts that are loaded later are of the flags before.
  setFlagsFromString('--no-expose-gc')
  return () => collectGarbage({ type: 'minor' })
}
