import { call } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Badge, Status, When } from '../parts/facts.tsx'
import { Choice, Field, Filters } from '../parts/field.tsx'
import { plural, shortId } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { DropDeadLetters } from './drop-dead-letters.tsx'
import { BASE } from './paths.ts'
import { redriveEffect } from './redrive-effect.tsx'

type Delivery = ReplyOf<'events.list'>['events'][number]['deliveries'][number]

const STATES = { '': 'Any state', waiting: 'Waiting', leased: 'Leased', done: 'Done', dead: 'Dead', dropped: 'Dropped' }

/** What functions have told each other, and what came of it. */
export function Events() {
  const [filter, setFilter] = useFilter('state', 'type', 'before')
  const query = { state: filter.state, type: filter.type, before: filter.before }
  const events = useData('events.list', { query }, { everyMs: 4_000 })
  return (
    <Page
      title="Events"
      lead="Each event goes to every subscriber by itself. A dead letter is a delivery that has no attempt left, or that its subscriber has refused."
    >
      <DeadLetters />
      <Section title="All events">
        <Filters>
          <Choice
            label="With a delivery that is"
            value={filter.state}
            options={STATES}
            onValue={(value) => setFilter('state', value)}
          />
          <Field
            label="Type"
            type="search"
            value={filter.type}
            placeholder="order.placed"
            onValue={(value) => setFilter('type', value)}
          />
        </Filters>
        <Loaded data={events}>
          {({ events: shown, next }) => (
            <>
              {shown.length === 0 ? <Empty title="No event">None fits, or none was emitted yet.</Empty> : null}
              {shown.length > 0 ? (
                <Table
                  label="Events"
                  rows={shown}
                  keyOf={({ id }) => id}
                  columns={[
                    {
                      name: 'Event',
                      cell: ({ id, type }) => (
                        <span>
                          <a href={`${BASE}/events/${id}`}>{type}</a> <code class="soft">{shortId(id)}</code>
                        </span>
                      ),
                    },
                    { name: 'Subject', cell: ({ subject }) => subject ?? <span class="soft">–</span> },
                    {
                      name: 'Emitted',
                      cell: ({ createdAt, source }) => (
                        <span>
                          <When at={createdAt} />
                          <span class="sub">{source}</span>
                        </span>
                      ),
                    },
                    { name: 'Deliveries', cell: ({ deliveries }) => <Deliveries of={deliveries} /> },
                  ]}
                />
              ) : null}
              <Pager before={filter.before} next={next} onBefore={(value) => setFilter('before', value)} />
            </>
          )}
        </Loaded>
      </Section>
    </Page>
  )
}

export const DeliveryState = ({ state }: Pick<Delivery, 'state'>) => (
  <Badge tone={state === 'dead' ? 'bad' : state === 'done' ? 'good' : state === 'dropped' ? 'calm' : 'warn'}>
    {state}
  </Badge>
)

const Deliveries = ({ of }: { readonly of: readonly Delivery[] }) =>
  of.length === 0 ? (
    <span class="soft">nobody takes it</span>
  ) : (
    <span>
      {of.map(({ consumer, state, attempts }) => (
        <span key={consumer} class="sub">
          <DeliveryState state={state} /> {consumer}
          {attempts > 1 ? `, ${plural(attempts, 'attempt')}` : ''}
        </span>
      ))}
    </span>
  )

/** What is dead now, first: it is what waits for a person. */
function DeadLetters() {
  const dead = useData('events.dead', { query: { limit: '20' } }, { everyMs: 4_000 })
  const count = dead.value?.counts.reduce((sum, { deliveries }) => sum + deliveries, 0) ?? 0
  return (
    <Section
      title="Dead letters"
      actions={
        count > 0 ? (
          <>
            <Ask
              isSmall
              label="Redrive all"
              title="Send all dead letters again?"
              effect={(signal) => redriveEffect({}, signal)}
              run={async () => {
                const { deliveries } = await call('events.redrive', { body: {} })
                await dead.reload()
                return `${plural(deliveries.length, 'dead letter')} taken up again.`
              }}
            />
            <DropDeadLetters filter={{}} what="all dead letters" onDone={dead.reload} />
          </>
        ) : null
      }
    >
      <Loaded data={dead} rows={2}>
        {({ deliveries }) =>
          deliveries.length === 0 ? (
            <Empty title="No dead letter">Every delivery has arrived, or is still under way.</Empty>
          ) : (
            <Table
              label="Dead letters"
              rows={deliveries}
              keyOf={({ eventId, consumer }) => eventId + consumer}
              columns={[
                {
                  name: 'Event',
                  cell: ({ eventId, type, consumer }) => (
                    <span>
                      <a href={`${BASE}/events/${eventId}`}>{type}</a> <code class="soft">{shortId(eventId)}</code>
                      <span class="sub">to {consumer}</span>
                    </span>
                  ),
                },
                {
                  name: 'Died',
                  cell: ({ diedAt, attempts }) => (
                    <span>
                      <When at={diedAt} />
                      <span class="sub">after {plural(attempts, 'attempt')}</span>
                    </span>
                  ),
                },
                {
                  name: 'Why',
                  cell: ({ status, error, edited }) => (
                    <span class="badges">
                      <Status status={status} /> <span>{error}</span>
                      {edited ? <Badge>edited</Badge> : null}
                    </span>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  )
}
