import { useRoute } from 'preact-iso'
import { call } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Json } from '../parts/code.tsx'
import { Badge, Facts, Status, When } from '../parts/facts.tsx'
import { formatBytes, formatMs, plural } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { DropDeadLetters } from './drop-dead-letters.tsx'
import { EditDeadLetter } from './edit-dead-letter.tsx'
import { DeliveryState } from './events.tsx'
import { BASE } from './paths.ts'
import { redriveEffect } from './redrive-effect.tsx'

type Event = ReplyOf<'events.show'>
type Delivery = Event['deliveries'][number]

/** One event: what it says, who got it, and each attempt. */
export function EventPage() {
  const { id = '' } = useRoute().params
  const event = useData('events.show', { params: { id } }, { everyMs: 3_000 })
  return (
    <Page title={event.value?.type ?? 'Event'} lead={<code>{id}</code>}>
      <Loaded data={event} rows={10}>
        {(one) => (
          <>
            <Section title="Event">
              <Facts
                of={{
                  Emitted: <When at={one.createdAt} />,
                  By: one.source,
                  Subject: one.subject,
                  Caller: one.callerId,
                  Tenant: one.tenant,
                  Version: one.version,
                  Data: formatBytes(one.payloadBytes),
                  Correlation: (
                    <a href={`${BASE}/requests?correlation=${one.correlationId}`}>
                      <code>{one.correlationId}</code>
                    </a>
                  ),
                  Trace: <a href={`${BASE}/traces/${one.traceparent.split('-')[1]}`}>Waterfall</a>,
                }}
              />
              <details open>
                <summary>Data</summary>
                {one.payload === null && one.payloadBytes > 4 ? (
                  <p class="soft">
                    They have {formatBytes(one.payloadBytes)}: npx ebb events {id} --data reads them.
                  </p>
                ) : (
                  <Json value={one.payload} label="Data of the event" />
                )}
              </details>
            </Section>
            {one.deliveries.length === 0 ? <Empty title="Nobody takes this event" /> : null}
            {one.deliveries.map((delivery) => (
              <DeliverySection key={delivery.consumer} event={one} delivery={delivery} onChanged={event.reload} />
            ))}
          </>
        )}
      </Loaded>
    </Page>
  )
}

interface DeliverySectionProps {
  readonly event: Event
  readonly delivery: Delivery
  readonly onChanged: () => Promise<void>
}

function DeliverySection({ event, delivery, onChanged }: DeliverySectionProps) {
  const { consumer, state, attempts, availableAt, settledAt, redriven, history } = delivery
  const filter = { id: event.id, consumer }
  return (
    <Section
      title={`To ${consumer}`}
      actions={
        state === 'dead' ? (
          <>
            <EditDeadLetter eventId={event.id} consumer={consumer} data={event.payload} onDone={onChanged} />
            <Ask
              isSmall
              label="Redrive"
              title={`Send it to ${consumer} again?`}
              effectKey={consumer}
              effect={(signal) => redriveEffect(filter, signal)}
              run={async () => {
                const { deliveries } = await call('events.redrive', { body: filter })
                await onChanged()
                const [first] = deliveries
                return first?.outcome === 'misfit'
                  ? 'It stays dead: its subscriber would refuse it.'
                  : 'It is on its way again.'
              }}
            />
            <DropDeadLetters filter={filter} what="this dead letter" onDone={onChanged} />
          </>
        ) : null
      }
    >
      <Facts
        of={{
          State: <DeliveryState state={state} />,
          Attempts: plural(attempts, 'attempt'),
          'Next attempt': state === 'waiting' && availableAt ? <When at={availableAt} /> : undefined,
          Settled: settledAt ? <When at={settledAt} /> : undefined,
          Redriven: redriven ? (
            <>
              <When at={redriven.at} /> by {redriven.by}, after attempt {redriven.afterAttempt}
            </>
          ) : undefined,
        }}
      />
      {history.length > 0 ? <Attempts of={history} /> : <p class="soft">No attempt yet.</p>}
    </Section>
  )
}

const Attempts = ({ of }: { readonly of: Delivery['history'] }) => (
  <Table
    label="Attempts"
    rows={of}
    keyOf={({ number, startedAt }) => `${number} ${startedAt}`}
    columns={[
      {
        name: 'Attempt',
        cell: ({ number, startedAt }) => (
          <span>
            {number}{' '}
            <span class="sub">
              <When at={startedAt} />
            </span>
          </span>
        ),
      },
      { name: 'Answer', cell: ({ status }) => <Status status={status} /> },
      { name: 'Took', isNumber: true, cell: ({ durationMs }) => formatMs(durationMs) },
      {
        name: 'What it said',
        cell: ({ error, body }) => (
          <span>
            {error}
            {body ? <code class="sub">{body}</code> : null}
          </span>
        ),
      },
      { name: 'Revision', cell: ({ revision }) => (revision ? <code>{revision}</code> : <Badge>unknown</Badge>) },
    ]}
  />
)
