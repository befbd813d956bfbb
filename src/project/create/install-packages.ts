import { statfs } from 'node:fs/promises'
import { isDiskFull, runProgram } from '../run-program.ts'

/** Why npm did not install a project's packages. */
export interface InstallFailure {
  /** `version` is one that no registry has. */
  readonly kind: 'disk-full' | 'version' | 'network' | 'other'
  /** In a few words. */
  readonly reason: string
}

/** NODE_ENV may leave out what tests need; and without a network two minutes of retries are no help. */
export const INSTALL_OPTIONS = ['--include=dev', '--fetch-retries=1', '--fetch-retry-mintimeout=1000'] as const

/** Runs `npm install` in a project; resolves to what it failed of, if it did. */
export async function installPackages(folder: string): Promise<InstallFailure | undefined> {
  const { code, stderr } = await runProgram('npm', ['install', ...INSTALL_OPTIONS], folder)
  if (code === 0) return undefined
  const failure = explainNpm(stderr)
  return (await isFull(folder)) ? { ...failure, kind: 'disk-full' } : failure
}

const LEAST_FREE_BYTES = 1_000_000

/** What npm says on a full disk may be of the empty files that it has written there. */
export async function isFull(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize < LEAST_FREE_BYTES
}

/** A package.json that npm has unpacked without its content, since there was no room for that; it may have made room since. */
const EMPTY_FILE = /Invalid package\.json: .*parsing empty string/

/** What npm complains of. */
export function explainNpm(stderr: string): InstallFailure {
  const lines = [...stderr.matchAll(/^npm (?:error|ERR!) ?(.*)$/gm)].map(([, line = '']) => line)
  const code = lines.map((line) => /^code (\S+)$/.exec(line)?.[1]).find((found) => found !== undefined) ?? ''
  const texts = lines.filter((line) => line !== '' && !/^(code|syscall|errno|path|A complete log|\s)/.test(line))
  const [reason = stderr.trim().split('\n').at(-1) ?? ''] = texts
  if (isDiskFull(stderr) || EMPTY_FILE.test(stderr)) return { kind: 'disk-full', reason: 'ENOSPC' }
  if (code === 'ETARGET' || code === 'E404') return { kind: 'version', reason }
  if (NETWORK.test(code)) return { kind: 'network', reason: code }
  return { kind: 'other', reason }
}

/** Codes of the resolver and of sockets, of a registry that is down, and of npm's own --offline. */
const NETWORK = /^(E(NOTFOUND|AI_AGAIN|CONN\w+|TIMEDOUT|NETUNREACH|HOSTUNREACH|PIPE|5\d\d)|ENOTCACHED|ERR_SOCKET\w*)$/
