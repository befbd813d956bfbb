import { execFile, execFileSync } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from '@jest/globals'
import { copyCheckout } from '../support/checkout.ts'
import { itWhere } from '../support/requirements.ts'
import type { Seen } from './run-alone.ts'

/** A network of its own with loopback and nothing else. Who is not root needs a user namespace, too, and stays who they are in it. */
const ALONE = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps']),
  ...['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'alone'],
]
const LIMIT_MS = 170_000

/** Why this machine cannot run anything alone, in words. */
function findObstacle(): string | undefined {
  try {
    execFileSync(ALONE[0] ?? '', [...ALONE.slice(1), 'true'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    const { stderr, message } = Object(error) as { stderr?: Buffer; message?: string }
    return `no network namespace with loopback: ${(stderr?.toString() || message || '').trim().split('\n')[0]}`
  }
}

const obstacle = findObstacle()
if (obstacle) process.stderr.write(`SKIPPED: that Ebb calls nobody. ${obstacle}\n`)

itWhere(obstacle)(
  'a laptop without a network starts, answers and sends its mail, and tries to reach nobody',
  async () => {
    const { root, remove } = await copyCheckout()
    try {
      for (const part of ['domain', 'functions']) {
        await rm(join(root, part), { recursive: true })
        await cp(join('test/leaving', part), join(root, part), { recursive: true })
      }
      const [command = '', ...args] = [...ALONE, process.execPath, 'test/leaving/run-alone.ts', root]
      // The laptop may have settings of its developer's for a collector, which it would have to reach.
      const env = { PATH: process.env.PATH, HOME: process.env.HOME }
      const { stdout } = await promisify(execFile)(command, args, { env, timeout: LIMIT_MS })
      const { status, mail, complaints, attempts, afterOneAttempt }: Seen = JSON.parse(stdout)
      expect({ status, complaints }).toEqual({ status: 201, complaints: [] })
      expect(mail).toContain('Subject: Milk')
      expect(Object.keys(attempts).sort()).toEqual([
        'Ip6OutNoRoutes',
        'OutDatagrams',
        'OutNoRoutes',
        'Udp6OutDatagrams',
      ])
      expect(Object.entries(attempts).filter(([, count]) => count > 0)).toEqual([])
      // The kernel counts what is tried, here: otherwise nothing would be shown.
      expect(afterOneAttempt).toEqual({ ...attempts, OutNoRoutes: 1 })
    } finally {
      await remove()
    }
  },
)
