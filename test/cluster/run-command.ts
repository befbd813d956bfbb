import { type SpawnOptions, spawn } from 'node:child_process'

export interface CommandOptions {
  readonly input?: string
  readonly limitMs?: number
  readonly cwd?: string
  /** Settings besides those of this process. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a program, for the caller to end. */
export const startCommand = (file: string, args: readonly string[], options: SpawnOptions) => spawn(file, args, options)

/** Runs a program to its end and returns its output; throws with the end of its error output where it fails or takes too long. */
export async function runCommand(
  file: string,
  args: readonly string[],
  { input = '', limitMs = 60_000, cwd, env = {} }: CommandOptions = {},
): Promise<string> {
  const child = spawn(file, args, { stdio: 'pipe', env: { ...process.env, ...env }, ...(cwd ? { cwd } : {}) })
  const limit = setTimeout(() => child.kill(), limitMs)
  const [out, err]: [string[], string[]] = [[], []]
  child.stdout.setEncoding('utf8').on('data', (text) => out.push(text))
  child.stderr.setEncoding('utf8').on('data', (text) => err.push(text))
  child.stdin.on('error', () => {}).end(input)
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  const code = await promise.finally(() => clearTimeout(limit))
  if (code === 0) return out.join('')
  const words = `${err.join('')}${out.join('')}`.trim().slice(-1_500)
  throw new Error(
    `${file} ${args.slice(0, 6).join(' ')} ${code === null ? 'was ended' : `ended with ${code}`}: ${words}`,
  )
}
