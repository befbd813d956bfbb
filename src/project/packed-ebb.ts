import { gunzipSync } from 'node:zlib'
import { ConfigError } from '../kernel/config-error.ts'

/**
 * The version of a packed Ebb, such as `ebb-0.2.0.tgz`, which `npm pack` writes. Throws a ConfigError that names the file for
 * anything else.
 */
export function readPackedVersion(file: string, bytes: Uint8Array): string {
  const { name, version } = JSON.parse(findManifest(bytes) ?? '{}') as { name?: string; version?: string }
  if (name !== 'ebb' || !version) throw new ConfigError(`${file} is no packed Ebb, such as npm run pack writes`)
  return version
}

/** The text of package/package.json in a tar archive: blocks of 512 bytes, a header before each file. */
function findManifest(bytes: Uint8Array): string | undefined {
  const archive = tryGunzip(bytes)
  let offset = 0
  while (offset + BLOCK_BYTES <= archive.length) {
    const text = (from: number, length: number) =>
      archive.toString('latin1', offset + from, offset + from + length).replace(/\0.*$/s, '')
    const size = Number.parseInt(text(124, 12), 8)
    const start = offset + BLOCK_BYTES
    if (text(0, 100) === 'package/package.json') return archive.toString('utf8', start, start + size)
    if (Number.isNaN(size)) return undefined
    offset = start + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES
  }
  return undefined
}

const BLOCK_BYTES = 512

function tryGunzip(bytes: Uint8Array): Buffer {
  try {
    return gunzipSync(bytes)
  } catch {
    return Buffer.alloc(0)
  }
}
