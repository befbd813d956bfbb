import type { EmittedEvent } from 'ebb/http/gateway'

/** What may wait for one who reads slower than events come, before more is added to it. */
const MAX_EVENTS = 1_000
const MAX_BYTES = 4 * 1024 * 1024

/** An event, and how many bytes its data are. */
export interface BufferedEvent extends EmittedEvent {
  readonly bytes: number
}

/** Events for one reader: where more than 1,000 of them, or 4 MiB, still wait for it when others come, it ends. */
export function createEventBuffer(onEnd: () => void) {
  let events: BufferedEvent[] = []
  let bytes = 0
  let isOver = false
  let wake = () => {}

  const close = () => {
    if (isOver) return
    isOver = true
    events = []
    wake()
    onEnd()
  }
  return {
    push: (added: readonly BufferedEvent[]) => {
      if (isOver || added.length === 0) return
      if (events.length > MAX_EVENTS || bytes > MAX_BYTES) return close()
      for (const event of added) bytes += event.bytes
      events.push(...added)
      wake()
    },
    close,
    iterate: async function* (): AsyncGenerator<EmittedEvent, void, void> {
      while (!isOver) {
        const next = events.shift()
        if (next) {
          bytes -= next.bytes
          yield next
          continue
        }
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
    },
  }
}
