import { useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { useData } from '../api/use-data.ts'
import { Badge, Status, When } from '../parts/facts.tsx'
import { Choice, Field, Filters } from '../parts/field.tsx'
import { formatCount, formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { BASE } from './paths.ts'

/** Requests and what they led to, by time. */
export function Traces() {
  const [filter, setFilter] = useFilter('status', 'cold', 'minMs', 'route', 'before')
  const traces = useData('traces.list', { query: filter }, { everyMs: 5_000 })
  return (
    <Page title="Traces" lead="From the request to the mail that it led to, across every part." actions={<Find />}>
      <section class="card">
        <Filters>
          <Choice
            label="Outcome"
            value={filter.status}
            options={{ '': 'Any', failed: 'Failed', ok: 'Went well' }}
            onValue={(value) => setFilter('status', value)}
          />
          <Choice
            label="Start"
            value={filter.cold}
            options={{ '': 'Any', true: 'With a cold start' }}
            onValue={(value) => setFilter('cold', value)}
          />
          <Choice
            label="Took"
            value={filter.minMs}
            options={{ '': 'Any time', '100': '100 ms or more', '1000': 'A second or more' }}
            onValue={(value) => setFilter('minMs', value)}
          />
          <Field label="Route" type="search" value={filter.route} onValue={(value) => setFilter('route', value)} />
        </Filters>
        <Loaded data={traces} rows={10}>
          {({ kept, link, since, dropped, traces: shown, next }) => (
            <>
              {kept ? (
                <p class="soft">
                  Kept{' '}
                  {since ? (
                    <>
                      since <When at={since} />
                    </>
                  ) : (
                    'from now on'
                  )}
                  {dropped > 0 ? `; ${formatCount(dropped)} spans were too many` : ''}.
                </p>
              ) : (
                <Empty title="No traces are kept here">
                  {link ? (
                    <a href={link.replace('{traceId}', '')}>They are at {URL.parse(link)?.host}.</a>
                  ) : (
                    'EBB_TRACES_URL names where they are.'
                  )}{' '}
                  The story of one id is told here all the same: type it above.
                </Empty>
              )}
              {kept && shown.length === 0 ? <Empty title="No trace">None fits, or no request came yet.</Empty> : null}
              {shown.length > 0 ? (
                <Table
                  label="Traces"
                  rows={shown}
                  keyOf={({ traceId }) => traceId}
                  columns={[
                    { name: 'When', cell: ({ startedAt }) => <When at={startedAt} /> },
                    {
                      name: 'What',
                      cell: ({ name, traceId, part }) => (
                        <span>
                          <a href={`${BASE}/traces/${traceId}`}>{name}</a> <span class="sub">{part}</span>
                        </span>
                      ),
                    },
                    {
                      name: 'Outcome',
                      cell: ({ status, failed, cold }) => (
                        <span class="badges">
                          {status === null ? null : <Status status={status} />}
                          {failed ? <Badge tone="bad">failed</Badge> : null}
                          {cold ? <Badge tone="warn">cold</Badge> : null}
                        </span>
                      ),
                    },
                    { name: 'Parts', cell: ({ parts }) => <span class="soft">{parts.join(', ')}</span> },
                    { name: 'Spans', isNumber: true, cell: ({ spans }) => formatCount(spans) },
                    { name: 'Took', isNumber: true, cell: ({ durationMs }) => formatMs(durationMs) },
                  ]}
                />
              ) : null}
              <Pager before={filter.before} next={next} onBefore={(value) => setFilter('before', value)} />
            </>
          )}
        </Loaded>
      </section>
    </Page>
  )
}

/** Somebody has an id from a problem, a log line or a customer. */
function Find() {
  const [id, setId] = useState('')
  const { route } = useLocation()
  const submit = (event: Event) => {
    event.preventDefault()
    if (id.trim()) route(`${BASE}/traces/${encodeURIComponent(id.trim())}`)
  }
  return (
    <form class="actions" onSubmit={submit}>
      <label class="unseen" for="find-id">
        Correlation, trace, event or invocation id
      </label>
      <input
        id="find-id"
        class="find"
        value={id}
        placeholder="Any id of it"
        autocomplete="off"
        onInput={({ currentTarget }) => setId(currentTarget.value)}
      />
      <button type="submit">Explain</button>
    </form>
  )
}
