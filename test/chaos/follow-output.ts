import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

type Line = Readonly<Record<string, unknown>>

/** The log of a process; resolves when it has logged `msg`. */
export async function followOutput(child: ChildProcess, msg: string) {
  const lines: Line[] = []
  const ready = Promise.withResolvers<Line>()
  if (!child.stdout) throw new Error('its output is not piped')
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line: Line = JSON.parse(text)
    lines.push(line)
    if (line.msg === msg) ready.resolve(line)
  })
  const exited = once(child, 'exit')
  exited.then(() => ready.reject(new Error(`it ended before it logged "${msg}"`)))
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { ready: await ready.promise, lines, stop }
}
