/** One change of the code that breaks a promise of Ebb's, as somebody might make it in good faith. */
export interface Mutant {
  readonly name: string
  readonly file: string
  /** What stands once in the file, and what takes its place. */
  readonly edits: readonly (readonly [from: string, to: string])[]
}

const TRANSACTION = 'src/data/postgres/transaction.ts'
const NOTIFY = 'if (hasEvents) opened.outbox.notify(OUTBOX_CHANNEL)'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a delivery is done before its POST',
    file: 'services/relay/process-call.ts',
    edits: [
      [
        'const settlement = leased.classify(await leased.send(signal))',
        `await leased.settle({ state: 'done', durationMs: 0, status: 204 }).catch(() => {})
  const settlement = leased.classify(await leased.send(signal))`,
      ],
    ],
  },
  {
    name: 'there is no inbox',
    file: TRANSACTION,
    edits: [['recordInInbox: (event) => recordInInbox(client, event)', 'recordInInbox: async () => undefined']],
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
  {
    name: 'events are stored after the commit',
    file: TRANSACTION,
    edits: [
      ['let hasEvents = false', 'let hasEvents = false\n    let late = []'],
      [
        'onAppend: () => {\n        hasEvents = true',
        'onAppend: (events) => {\n        hasEvents = true\n        late = events',
      ],
      ['await appendEvents(client, events)\n      onAppend()', 'onAppend(events)'],
      [NOTIFY, `if (hasEvents) await appendEvents(client, late)\n      ${NOTIFY}`],
    ],
  },
  {
    name: 'the response is stored under its key after the commit',
    file: TRANSACTION,
    edits: [
      ['let hasEvents = false', 'let hasEvents = false\n    let late'],
      ['onAppend: () => {', 'onComplete: (complete) => {\n        late = complete\n      },\n      onAppend: () => {'],
      ['{ onAppend, onPurge }: UnitListeners', '{ onAppend, onPurge, onComplete }: UnitListeners'],
      ['=> storeResponse(client, claim, response)', '=> onComplete(() => storeResponse(client, claim, response))'],
      [NOTIFY, `await late?.()\n      ${NOTIFY}`],
    ],
  },
]
