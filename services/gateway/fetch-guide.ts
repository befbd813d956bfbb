import type { DocsFile } from 'ebb/http/gateway'

const TIMEOUT_MS = 5_000
/** None leads out of the guide, however an address is read. */
const PAGE_PATH = /^(\/[a-z0-9][a-z0-9.-]*)*$/

/** The guide of whatever runs this gateway, at `EBB_GUIDE_URL`: a file by its path below that, and none while it does not answer. */
export function fetchGuide(url: string): (path: string) => Promise<DocsFile | undefined> {
  return async (path) => {
    if (!PAGE_PATH.test(path)) return undefined
    const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => undefined)
    if (!response?.ok) return undefined
    return {
      type: response.headers.get('content-type') ?? 'text/plain',
      body: Buffer.from(await response.arrayBuffer()),
      immutable: false,
    }
  }
}
