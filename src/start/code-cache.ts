import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

const HEAD_BYTES = 128

/** The file of a part's V8 code cache, for this Node. V8 itself refuses what other flags or another version made. */
export const cacheFile = (file: string): string => `${file}.node-${process.version}-${process.arch}.cache`

/** What a cache file holds: whose it is, since V8 compares no more of a source than its length, and the data. */
export const cacheBytes = (file: string, data: Uint8Array): Uint8Array => Buffer.concat([headOf(file), data])

/** The data for a part; 'ignored' where there is a cache that is not this part's or not this Node's. */
export function readCache(file: string): Buffer | 'ignored' | undefined {
  try {
    const bytes = readFileSync(cacheFile(file))
    return bytes.subarray(0, HEAD_BYTES).equals(headOf(file)) ? bytes.subarray(HEAD_BYTES) : 'ignored'
  } catch {
    return hasForeignCache(file) ? 'ignored' : undefined
  }
}

/** A part's file is named after the hash of its content. */
const headOf = (file: string) => Buffer.from(basename(file).padEnd(HEAD_BYTES).slice(-HEAD_BYTES))

const hasForeignCache = (file: string) =>
  readdirSync(dirname(file)).some((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.cache'))
