import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { inheritedEnv } from 'ebb/kernel'
import { cliIn } from './project.ts'

interface CliOptions {
  /** A checkout to run it in; default: the tests' project. */
  readonly root?: string | undefined
  /** The folder that it runs in; default: the root. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default: empty, and closed at once. */
  readonly stdin?: string
}

/** Runs the command line as a process of its own: the lines that it has printed so far, and how it ends. */
export function spawnCli(args: readonly string[], { root, env = {}, stdin = '', ...options }: CliOptions = {}) {
  const { cli, cwd } = { ...cliIn(root), ...options }
  const child = spawn(process.execPath, [cli, ...args], {
    cwd,
    env: { ...inheritedEnv(['PATH', 'HOME', 'NODE_COMPILE_CACHE']), EBB_ENV_FILE: '/dev/null', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  let stderr = ''
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  child.stdin.on('error', () => {}).end(stdin)
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout: lines.join('\n'), stderr }))
  })
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return { child, lines, ended, kill }
}
