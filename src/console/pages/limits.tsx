import { call } from '../api/call.ts'
import { useData } from '../api/use-data.ts'
import { sumBy, useMetrics } from '../metrics/use-metrics.ts'
import { Ask } from '../parts/ask.tsx'
import { Badge } from '../parts/facts.tsx'
import { formatCount, formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { EndpointLink } from './endpoint-link.tsx'
import { BASE } from './paths.ts'

/** What refuses requests so that others are answered. */
export function Limits() {
  return (
    <Page title="Limits and breakers" lead="What this gateway refuses, so that what it takes is answered in time.">
      <Breakers />
      <Section title="Limits of endpoints">
        <RouteLimits />
      </Section>
      <Refusals />
    </Page>
  )
}

function Breakers() {
  const breakers = useData('breakers.list', {}, { everyMs: 2_000 })
  return (
    <Section title="Circuit breakers">
      <Loaded data={breakers} rows={3}>
        {({ breakers: shown }) =>
          shown.length === 0 ? (
            <Empty title="No breaker yet">A route has one from its first call on.</Empty>
          ) : (
            <Table
              label="Circuit breakers"
              rows={shown}
              keyOf={({ name }) => name}
              columns={[
                { name: 'Route', cell: ({ name }) => <a href={`${BASE}/functions/${name}`}>{name}</a> },
                {
                  name: 'State',
                  cell: ({ state, opensAgainInMs }) => (
                    <span>
                      <Badge tone={state === 'closed' ? 'good' : state === 'open' ? 'bad' : 'warn'}>{state}</Badge>
                      {state === 'open' ? <span class="sub">tries one in {formatMs(opensAgainInMs)}</span> : null}
                    </span>
                  ),
                },
                { name: 'Calls', isNumber: true, cell: ({ calls }) => formatCount(calls) },
                { name: 'Failed', isNumber: true, cell: ({ faults }) => formatCount(faults) },
                {
                  name: 'Actions',
                  isActions: true,
                  cell: ({ name, state }) =>
                    state === 'closed' ? null : (
                      <Ask
                        isSmall
                        label="Close"
                        title={`Close the breaker of ${name}?`}
                        effect={() => (
                          <p>
                            All gateways send requests to {name} again, at once. If it still fails, they open it again
                            after some calls.
                          </p>
                        )}
                        run={async () => {
                          await call('breakers.reset', { params: { name } })
                          await breakers.reload()
                          return `The breaker of ${name} is closed.`
                        }}
                      />
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

function RouteLimits() {
  const routes = useData('routes.list', {})
  return (
    <Loaded data={routes}>
      {({ routes: all }) => {
        const limited = all.filter(({ limit }) => limit)
        return limited.length === 0 ? (
          <Empty title="No endpoint has a limit">`limit` in a contract sets one for each caller.</Empty>
        ) : (
          <Table
            label="Limits of endpoints"
            rows={limited}
            keyOf={({ name }) => name}
            columns={[
              {
                name: 'Endpoint',
                cell: (route) => <EndpointLink {...route} />,
              },
              {
                name: 'Each caller',
                cell: ({ limit }) => `${formatCount(limit?.requests ?? 0)} in ${limit?.perSeconds} s`,
              },
              { name: 'At once', isNumber: true, cell: ({ limit }) => limit?.burst },
            ]}
          />
        )
      }}
    </Loaded>
  )
}

function Refusals() {
  const metrics = useMetrics(
    'ebb_rate_limited_total',
    'ebb_shed_total',
    'ebb_rate_limiter_fallback_total',
    'ebb_wakeups_avoided_total',
  )
  return (
    <Section title="Since this gateway started">
      <Loaded data={metrics} rows={3}>
        {(samples) => {
          const rows = [
            ...sumBy(samples, 'ebb_wakeups_avoided_total', 'reason').map(([what, count]) => ({
              kind: 'Answered without a function',
              what,
              count,
            })),
            ...sumBy(samples, 'ebb_rate_limited_total', 'policy').map(([what, count]) => ({
              kind: 'Refused by a limit',
              what,
              count,
            })),
            ...sumBy(samples, 'ebb_shed_total', 'what').map(([what, count]) => ({ kind: 'Shed', what, count })),
            ...sumBy(samples, 'ebb_rate_limiter_fallback_total', '').map(([, count]) => ({
              kind: 'Limited without Redis',
              what: 'by its own share',
              count,
            })),
          ].filter(({ count }) => count > 0)
          return rows.length === 0 ? (
            <Empty title="Nothing was refused" />
          ) : (
            <Table
              label="Refusals"
              rows={rows}
              keyOf={({ kind, what }) => kind + what}
              columns={[
                { name: 'What', cell: ({ kind }) => kind },
                { name: 'Why', cell: ({ what }) => <code>{what}</code> },
                { name: 'Requests', isNumber: true, cell: ({ count }) => formatCount(count) },
              ]}
            />
          )
        }}
      </Loaded>
    </Section>
  )
}
