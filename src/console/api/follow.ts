import { send } from './call.ts'

const AGAIN_MS = 2_000

/** Follows a stream of events of the admin API until `signal` aborts, and begins anew where it ends. Rejects where there is none. */
export async function follow(path: string, onData: (data: string) => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { body } = await send('GET', path, { signal })
      if (body) await readEvents(body, onData)
    } catch (error) {
      if (signal.aborted) return
      if (Object(error).status === 404) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}

/** The data of each event, of which ours have one line. */
async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onData: (data: string) => void,
): Promise<void> {
  let rest = ''
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data:')) onData(line.slice(5).trim())
  }
}
