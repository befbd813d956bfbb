/** One change of the code that breaks a promise of Ebb's, as somebody might make it in good faith. */
export interface Mutant {
  readonly name: string
  readonly file: string
  /** What stands once in the file, and what takes its place. */
  readonly edits: readonly (readonly [from: string, to: string])[]
}

const TRANSACTION = 'src/data/postgres/transaction.ts'

/** Returns the source with one edit; throws where what it changes is not there, so that no mutant is the code as it is. */
export function applyEdit(source: string, [from, to]: Mutant['edits'][number]): string {
  const parts = source.split(from)
  if (parts.length !== 2) throw new Error(`this stands ${parts.length - 1} times in the code, and not once: ${from}`)
  return parts.join(to)
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a delivery is done before its POST',
    file: 'services/relay/process-call.ts',
    edits: [
      [
        'const outcome = await leased.send(options.signal)',
        `for (const one of attempts) await one.settle({ state: 'done', durationMs: 0, status: 204 }).catch(() => {})
  const outcome = await leased.send(options.signal)`,
      ],
    ],
  },
  {
    name: 'there is no inbox',
    file: TRANSACTION,
    edits: [
      ['recordInInbox: (event) => send(() => recordInInbox(client, event))', 'recordInInbox: async () => undefined'],
    ],
  },
  {
    name: 'a lease is shorter than the timeout of what it is for',
    file: 'services/relay/poller.ts',
    edits: [['startTimeoutMs + timeoutMs + SETTLE_MS', 'timeoutMs - 500']],
  },
  {
    name: 'a lease that is over still settles',
    file: 'src/data/queue/settle-deliveries.ts',
    edits: [
      [` and lease_token = "leaseToken" and given.state = 'done'`, ` and given.state = 'done'`],
      [` and lease_token = "leaseToken" and given.state <> 'done'`, ` and given.state <> 'done'`],
    ],
  },
  { name: 'events are stored after the commit', file: TRANSACTION, edits: afterCommit('append') },
  { name: 'the response is stored under its key after the commit', file: TRANSACTION, edits: afterCommit('complete') },
]

/** Has a step of the unit of work wait for the COMMIT of the others. */
function afterCommit(step: 'append' | 'complete'): Mutant['edits'] {
  const begin = 'const begin = beginAs('
  const committed = 'if (hasEvents) opened.outbox.notify('
  const delayed = `const late = []
    const { ${step} } = unit
    unit.${step} = async (...given) => void late.push(() => ${step}(...given))`
  return [
    [begin, `${delayed}\n    ${begin}`],
    [
      committed,
      `for (const run of late) await run()\n      await packets.inTurn(({ flush }) => flush())\n      ${committed}`,
    ],
  ]
}
