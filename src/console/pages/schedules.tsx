import { call } from '../api/call.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Badge, type Tone, When } from '../parts/facts.tsx'
import { formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { BASE } from './paths.ts'

const TONES: Readonly<Record<string, Tone>> = {
  done: 'good',
  dead: 'bad',
  running: 'warn',
  waiting: 'warn',
  missed: 'warn',
}

/** What fires by itself, and when. */
export function Schedules() {
  const schedules = useData('schedules.list', {}, { everyMs: 4_000 })
  return (
    <Page
      title="Schedules"
      lead="A firing is an event that its function alone takes: what became of it stands on the event's page."
    >
      <section class="card">
        <Loaded data={schedules} rows={4}>
          {({ schedules: shown }) =>
            shown.length === 0 ? (
              <Empty title="No schedule">A contract with schedule() makes one.</Empty>
            ) : (
              <Table
                label="Schedules"
                rows={shown}
                keyOf={({ name }) => name}
                columns={[
                  {
                    name: 'Schedule',
                    cell: ({ name, cron, timeZone }) => (
                      <span>
                        <a href={`${BASE}/functions/${name}`}>{name}</a>
                        <span class="sub">
                          <code>{cron}</code> {timeZone}
                        </span>
                      </span>
                    ),
                  },
                  {
                    name: 'Next',
                    cell: ({ nextAt, jitterMs }) => (
                      <span>
                        {nextAt ? <When at={nextAt} /> : <span class="soft">no relay has seen it yet</span>}
                        {jitterMs > 0 ? <span class="sub">within {formatMs(jitterMs)}</span> : null}
                      </span>
                    ),
                  },
                  {
                    name: 'Last',
                    cell: ({ last }) =>
                      last ? (
                        <span>
                          <Badge tone={TONES[last.state] ?? 'calm'}>{last.state}</Badge> <When at={last.plannedAt} />
                          {last.manual ? <span class="sub">by hand</span> : null}
                          {last.eventId ? (
                            <a class="sub" href={`${BASE}/events/${last.eventId}`}>
                              its event
                            </a>
                          ) : null}
                        </span>
                      ) : (
                        <span class="soft">never</span>
                      ),
                  },
                  {
                    name: 'If late',
                    cell: ({ missed, overlap, waiting }) => (
                      <span>
                        {missed}, {overlap}
                        {waiting > 0 ? <span class="sub">{waiting} wait</span> : null}
                      </span>
                    ),
                  },
                  {
                    name: 'Actions',
                    isActions: true,
                    cell: ({ name, overlap }) => (
                      <Ask
                        isSmall
                        label="Run now"
                        title={`Have ${name} fire now?`}
                        effect={() => (
                          <p>
                            It fires once, in addition to its own times. While the firing before is not done, it{' '}
                            {overlap === 'queue' ? 'waits for that' : 'is refused'}.
                          </p>
                        )}
                        run={async () => {
                          const { state } = await call('schedules.run', { params: { name } })
                          await schedules.reload()
                          return `${name} is ${state}.`
                        }}
                      />
                    ),
                  },
                ]}
              />
            )
          }
        </Loaded>
      </section>
    </Page>
  )
}
