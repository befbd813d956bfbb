import { useState } from 'preact/hooks'
import { call } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Badge, Caller, Status, type Tone, When } from '../parts/facts.tsx'
import { Choice, Field, Filters } from '../parts/field.tsx'
import { plural, shortId } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { BASE } from './paths.ts'

type Invocation = ReplyOf<'invocations.list'>['invocations'][number]

const STATES = {
  '': 'Any state',
  waiting: 'Waiting',
  leased: 'Being called',
  done: 'Done',
  dead: 'Dead',
  cancelled: 'Cancelled',
}
const TONES: Readonly<Record<Invocation['state'], Tone>> = {
  waiting: 'warn',
  leased: 'warn',
  done: 'good',
  dead: 'bad',
  cancelled: 'calm',
}

/** Calls that somebody asked for without waiting. */
export function Invocations() {
  const [filter, setFilter] = useFilter('state', 'function', 'caller', 'correlation', 'before')
  const invocations = useData('invocations.list', { query: filter }, { everyMs: 4_000 })
  return (
    <Page title="Invocations" lead="Asynchronous calls: taken with 202, made by the relay.">
      <section class="card">
        <Filters>
          <Choice label="State" value={filter.state} options={STATES} onValue={(value) => setFilter('state', value)} />
          <Field
            label="Function"
            type="search"
            value={filter.function}
            onValue={(value) => setFilter('function', value)}
          />
          <Field label="Caller" type="search" value={filter.caller} onValue={(value) => setFilter('caller', value)} />
        </Filters>
        <Loaded data={invocations}>
          {({ invocations: shown, next }) =>
            shown.length === 0 ? (
              <Empty title="No invocation">A call with Prefer: respond-async makes one.</Empty>
            ) : (
              <>
                <Table
                  label="Invocations"
                  rows={shown}
                  keyOf={({ id }) => id}
                  columns={[
                    {
                      name: 'Call',
                      cell: (one) => (
                        <span>
                          <a href={`${BASE}/functions/${one.function}`}>{one.function}</a>{' '}
                          <code class="soft">{shortId(one.id)}</code>
                          <a class="sub" href={`${BASE}/traces/${one.id}`}>
                            its story
                          </a>
                        </span>
                      ),
                    },
                    {
                      name: 'State',
                      cell: ({ state, attempts, status }) => (
                        <span>
                          <Badge tone={TONES[state]}>{state}</Badge> {status ? <Status status={status} /> : null}
                          {attempts > 0 ? <span class="sub">{plural(attempts, 'attempt')}</span> : null}
                        </span>
                      ),
                    },
                    {
                      name: 'Caller',
                      cell: ({ caller, tenant }) => <Caller caller={caller} tenant={tenant} />,
                    },
                    { name: 'Asked for', cell: ({ createdAt }) => <When at={createdAt} /> },
                    {
                      name: 'Over',
                      cell: ({ settledAt, availableAt }) =>
                        settledAt ? (
                          <When at={settledAt} />
                        ) : availableAt ? (
                          <span>
                            due <When at={availableAt} />
                          </span>
                        ) : (
                          <span class="soft">–</span>
                        ),
                    },
                    {
                      name: 'Actions',
                      isActions: true,
                      cell: (one) => (one.state === 'waiting' ? <Cancel of={one} onDone={invocations.reload} /> : null),
                    },
                  ]}
                />
                <Pager before={filter.before} next={next} onBefore={(value) => setFilter('before', value)} />
              </>
            )
          }
        </Loaded>
      </section>
    </Page>
  )
}

function Cancel({
  of: { id, function: name },
  onDone,
}: {
  readonly of: Invocation
  readonly onDone: () => Promise<void>
}) {
  const [reason, setReason] = useState('')
  return (
    <Ask
      isSmall
      isDangerous
      label="Cancel"
      title={`Cancel this call of ${name}?`}
      isReady={reason.trim() !== ''}
      fields={<Field label="Reason" value={reason} onValue={setReason} hint="It stands in the audit." isRequired />}
      effect={() => <p>If no attempt has begun, it is never made, and its caller reads that it was cancelled.</p>}
      run={async () => {
        await call('invocations.cancel', { params: { id }, body: { reason: reason.trim() } })
        await onDone()
        return `The call of ${name} is cancelled.`
      }}
    />
  )
}
