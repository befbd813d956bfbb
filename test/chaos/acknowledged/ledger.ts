import { type FileHandle, open, readFile } from 'node:fs/promises'

/** One line of the ledger: what a caller has sent, and what it was told. */
export interface LedgerLine {
  readonly at: string
  readonly name: string
  readonly what: 'sent' | 'refused' | 'unanswered' | 'acknowledged' | 'replayed'
  /** Whether its caller waits for the result, or asks for it later. */
  readonly mode: 'now' | 'later'
  readonly status?: number
  /** Of the entry, where it was acknowledged at once. */
  readonly id?: string
  /** Of its state, where it is made later. */
  readonly location?: string
  readonly why?: string
}

export type Ledger = Awaited<ReturnType<typeof openLedger>>

/**
 * The ledger of what was acknowledged, in a file that Ebb knows nothing of. A line is on the disk when `write` resolves; lines
 * that come meanwhile share the next flush.
 */
export async function openLedger(file: string) {
  const handle = await open(file, 'a')
  let waiting: { readonly text: string; readonly written: () => void }[] = []
  let flushing: Promise<void> | undefined
  const flush = async () => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      await handle.appendFile(batch.map(({ text }) => text).join(''))
      await handle.datasync()
      for (const { written } of batch) written()
    }
    flushing = undefined
  }
  return {
    write: (line: Omit<LedgerLine, 'at'>): Promise<void> =>
      new Promise((written) => {
        waiting.push({ text: `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`, written })
        flushing ??= flush()
      }),
    read: () => readLedger(file),
    close: () => closeWhenFlushed(handle, () => flushing),
  }
}

async function closeWhenFlushed(handle: FileHandle, flushing: () => Promise<void> | undefined): Promise<void> {
  await flushing()
  await handle.close()
}

async function readLedger(file: string): Promise<readonly LedgerLine[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}
