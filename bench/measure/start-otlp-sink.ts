import { fork } from 'node:child_process'
import { once } from 'node:events'
import { killOnExit } from './kill-on-exit.ts'

export interface OtlpSink extends AsyncDisposable {
  readonly url: string
  /** How many bytes have been exported to it since it started. */
  readonly bytes: () => Promise<number>
}

/** Starts, as a process of its own, what traced programs export to: it takes everything and keeps nothing. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const child = fork(new URL('./otlp-sink.ts', import.meta.url), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const end = killOnExit(child)
  const [port] = await once(child, 'message', { signal: AbortSignal.timeout(60_000) })
  const url = `http://127.0.0.1:${port}`
  const bytes = async () => Number(await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).text())
  return { url, bytes, [Symbol.asyncDispose]: end }
}
