import type pg from 'pg'
import type { createPackets } from '../packets.ts'
import { publishStatement } from '../publish-statements.ts'
import type { RunStatement } from '../run-statement.ts'
import { type Sql, writeIdentifier } from '../sql.ts'
import { toCopyError } from './copy-error.ts'
import { copyRows } from './copy-rows.ts'
import { createRowWriter } from './write-row.ts'

interface CopyingOptions extends CopyIntoOptions {
  readonly client: pg.ClientBase
  readonly packets: ReturnType<typeof createPackets>
  /** Throws where the transaction is over before its time. */
  readonly assertOpen: () => void
  /** How long a statement of the request may take. */
  readonly timeoutMs: number
}

/** How the rows of one transaction are copied: no other statement runs meanwhile. */
export function createCopying({ client, packets, assertOpen, timeoutMs, ...options }: CopyingOptions) {
  let isCopying = false
  const setTimeoutOf = (ms: number) => client.query(`set local statement_timeout = ${Math.ceil(ms)}`)
  /** Throws where rows are being copied: a statement that they wait for would wait for itself. */
  const check = () => {
    if (isCopying) throw new TypeError(COPYING)
  }
  const into = async (...copied: Parameters<Sql['copyInto']>) => {
    check()
    isCopying = true
    try {
      return await packets.inTurn(async ({ send, flush }) => {
        assertOpen()
        // It lasts as long as its rows come, which the deadline of the request bounds.
        packets.defer(() => setTimeoutOf(0))
        await flush()
        const rows = await copyInto(client, copied, options)
        await send(() => setTimeoutOf(timeoutMs))
        return rows
      })
    } finally {
      isCopying = false
    }
  }
  return { check, into }
}

const COPYING = 'no statement runs while sql.copyInto takes its rows; read what they need before, and await it'

/** The `copyInto` of a request that only reads. */
export const refuseCopy = () =>
  Promise.reject(new TypeError('sql.copyInto writes, and this request only reads; make it a POST, PUT or DELETE'))

interface CopyIntoOptions {
  readonly run: RunStatement
  readonly signal: AbortSignal
}

/** Copies rows into a table, on a connection that does nothing else meanwhile. */
async function copyInto(
  client: pg.ClientBase,
  [table, columns, rows]: Parameters<Sql['copyInto']>,
  { run, signal }: CopyIntoOptions,
): Promise<number> {
  const target = `${writeIdentifier([table].flat())} (${columns.map((column) => writeIdentifier([column])).join(', ')})`
  const places = columns.map((_, i) => `$${i + 1}`).join(', ')
  // What an INSERT takes at these places, a line of COPY takes as well.
  const types = await run.parameterTypes(client, `insert into ${target} values (${places})`)
  const write = createRowWriter(columns, types)
  const text = `copy ${target} from stdin`
  return publishStatement(client, text, () => copyRows(client, text, rows, { write, signal })).catch(
    (error: unknown) => {
      throw toCopyError(error)
    },
  )
}
