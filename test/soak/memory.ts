import { readFile } from 'node:fs/promises'

export interface Sample {
  readonly requests: number
  readonly rssMiB: number
  readonly heapMiB: number
}

/** What a gateway's process holds: of the system, and on its heap. */
export async function sampleMemory(
  { pid, admin }: { readonly pid: number; readonly admin: string },
  requests: number,
): Promise<Sample> {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
  const metrics = await (await fetch(`${admin}/metrics`)).text()
  const [, bytes] = /^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics) ?? []
  return { requests, rssMiB: Number(kilobytes) / 1_024, heapMiB: Number(bytes) / 1_048_576 }
}

/** By how much a value grows in 100,000 requests, with twice its standard error: a slope below that is noise. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]) {
  const n = points.length
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread
  const residual = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  const error = Math.sqrt(residual / Math.max(1, n - 2) / spread)
  return { per100k: slope * 100_000, noisePer100k: 2 * error * 100_000 }
}
