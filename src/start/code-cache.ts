import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

const NAME_BYTES = 120
const CHECKSUM_BYTES = 8
const HEADER_BYTES = NAME_BYTES + CHECKSUM_BYTES

/** The file of a part's V8 code cache, for this Node. V8 itself rejects a cache of other flags or of another version. */
export const cacheFile = (file: string): string => `${file}.node-${process.version}-${process.arch}.cache`

/**
 * The content of a cache file: which part it belongs to, since V8 compares only the length of a source; a checksum of the
 * data, since V8 runs any data of the right length; and the data.
 */
export const cacheBytes = (file: string, data: Uint8Array): Uint8Array => Buffer.concat([headerOf(file, data), data])

/** The cache data of a part; 'ignored' where the cache belongs to another part or another Node, or is damaged. */
export function readCache(file: string): Buffer<ArrayBuffer> | 'ignored' | undefined {
  try {
    const bytes = readFileSync(cacheFile(file))
    const data = bytes.subarray(HEADER_BYTES)
    return bytes.subarray(0, HEADER_BYTES).equals(headerOf(file, data)) ? data : 'ignored'
  } catch {
    return hasForeignCache(file) ? 'ignored' : undefined
  }
}

/** A part's file is named after the hash of its content. */
const headerOf = (file: string, data: Uint8Array) =>
  Buffer.from(
    basename(file).padEnd(NAME_BYTES).slice(-NAME_BYTES) + crc32(data).toString(16).padStart(CHECKSUM_BYTES, '0'),
  )

interface Bindings {
  binding(name: 'zlib'): { crc32(data: Uint8Array, before: number): number }
}

/**
 * Calls what node:zlib itself calls: at most 0.2 ms for the largest part, whereas loading that module takes 1.5 ms. A Node
 * that no longer has it, or forbids it (--permission), loads node:zlib.
 */
function crc32(data: Uint8Array): number {
  try {
    // Node has it for old packages, and its types do not.
    return (process as unknown as Bindings).binding('zlib').crc32(data, 0)
  } catch {
    return process.getBuiltinModule('node:zlib').crc32(data)
  }
}

const hasForeignCache = (file: string) =>
  readdirSync(dirname(file)).some((name) => name.startsWith(`${basename(file)}.`) && name.endsWith('.cache'))
