import { readFile } from 'node:fs/promises'

const SAMPLE_MS = 50

/** Looks at the memory of a process again and again; `stop` returns by how many MiB it has grown at most. */
export async function watchRss(pid: number) {
  const first = await readRssMiB(pid)
  let most = first
  const timer = setInterval(async () => {
    most = Math.max(most, await readRssMiB(pid).catch(() => 0))
  }, SAMPLE_MS)
  return {
    stop: async () => {
      clearInterval(timer)
      return Math.max(most, await readRssMiB(pid)) - first
    },
  }
}

/** The memory of a process now, in MiB. */
async function readRssMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
}
