import { lazy, useRoute } from 'preact-iso'
import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { useTraffic } from '../metrics/use-traffic.ts'
import { Badge, Facts, When } from '../parts/facts.tsx'
import { formatBytes, formatCount, formatMs, formatShare } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Documented } from './documented.tsx'
import { Instances } from './functions.tsx'
import { BASE } from './paths.ts'
import { Profile } from './profile.tsx'
import { RequestTable } from './request-table.tsx'
import { useTail } from './requests.tsx'

const Chart = lazy(() => import('../metrics/chart.tsx').then(({ Chart }) => Chart))

type Route = ReplyOf<'routes.list'>['routes'][number]
type FunctionState = ReplyOf<'functions.list'>[number]

/** One function: what its contract says, and how it does. */
export function Endpoint() {
  const { name = '' } = useRoute().params
  const functions = useData('functions.list', {}, { everyMs: 3_000 })
  const routes = useData('routes.list', {})
  const route = routes.value?.routes.find((one) => one.name === name)
  const state = functions.value?.find((one) => one.name === name)
  return (
    <Page
      title={name}
      lead={
        route
          ? `${route.method} ${route.path}: ${route.summary}`
          : (state?.route ?? 'It takes events, or is called by other functions.')
      }
    >
      <Section title="Now" actions={state && (state.instances ?? 0) > 0 ? <Profile name={name} /> : null}>
        <Loaded data={functions} rows={2}>
          {() =>
            state ? (
              <State of={state} />
            ) : (
              <Empty title="No such function">It may have been removed while this page was open.</Empty>
            )
          }
        </Loaded>
      </Section>
      {route ? <Traffic name={name} /> : null}
      {route ? (
        <Contract of={route} />
      ) : (
        <p class="note">
          Its events are on <a href={`${BASE}/events`}>the page of events</a>.
        </p>
      )}
      {route ? <Documented route={route} /> : null}
      {route ? <LiveRequests name={name} /> : null}
    </Page>
  )
}

const State = ({ of }: { readonly of: FunctionState }) => (
  <Facts
    of={{
      Instances: <Instances of={of} />,
      Calls: of.requests === null ? undefined : formatCount(of.requests),
      'Cold starts': of.coldStarts === null ? undefined : formatCount(of.coldStarts),
      'Last cold start': of.lastColdStartAt ? <When at={of.lastColdStartAt} /> : undefined,
      Revision: of.revision ? <code>{of.revision}</code> : undefined,
      'Counted since': of.since ? <When at={of.since} /> : undefined,
    }}
  />
)

function Traffic({ name }: { readonly name: string }) {
  const traffic = useTraffic()
  return (
    <Section title="The last ten minutes">
      <Loaded data={traffic} rows={6}>
        {({ from, stepSeconds, traffic: all }) => {
          const one = all.find(({ function: of }) => of === name)
          if (!one) return <Empty title="Quiet">No request came in this time.</Empty>
          const start = Date.parse(from) / 1_000
          const { totals, ms } = one
          return (
            <>
              <Facts
                of={{
                  Requests: formatCount(totals.requests),
                  Failed: formatShare(totals.errors / totals.requests),
                  'Without a call': formatShare(totals.notInvoked / totals.requests),
                  'Cold starts': formatCount(totals.cold),
                  'p50, p95, p99': [ms.p50, ms.p95, ms.p99]
                    .map((value) => (value === null ? '–' : formatMs(value)))
                    .join(', '),
                }}
              />
              <Chart
                label={`Requests of ${name} in the last ten minutes`}
                times={one.requests.map((_, step) => start + step * stepSeconds)}
                lines={[
                  { name: 'requests', tone: 'accent', values: one.requests },
                  { name: 'failed', tone: 'bad', values: one.errors },
                  { name: 'cold starts', tone: 'warn', values: one.cold },
                ]}
                format={(value) => formatCount(Math.round(value))}
              />
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}

/** What a contract says in one word each; the rest of it is shown as it is. */
const SHOWN = new Set([
  'name',
  'method',
  'path',
  'summary',
  'by',
  'access',
  'scopes',
  'limit',
  'timeoutMs',
  'maxBodyBytes',
  'scale',
  'hasBody',
])

function Contract({ of }: { readonly of: Route }) {
  const { access, scopes, limit, timeoutMs, maxBodyBytes, scale } = of
  const kinds = Object.entries(of).filter(([name, value]) => value === true && !SHOWN.has(name))
  const policies = Object.entries(of).filter(
    ([name, value]) =>
      typeof value === 'object' && value !== null && !SHOWN.has(name) && (!Array.isArray(value) || value.length > 0),
  )
  return (
    <Section title="Contract">
      <Facts
        of={{
          'Who may call': access,
          Scopes: scopes.length > 0 ? <code>{scopes.join(' ')}</code> : undefined,
          'Each caller': limit
            ? `${formatCount(limit.requests)} in ${limit.perSeconds} s, ${formatCount(limit.burst)} at once`
            : 'no limit',
          Deadline: formatMs(timeoutMs),
          Body: maxBodyBytes === undefined ? undefined : `at most ${formatBytes(maxBodyBytes)}`,
          Scale: scale ? `at most ${scale.max}, ${scale.concurrency} requests each` : undefined,
          Is:
            kinds.length > 0 ? (
              <span class="badges">
                {kinds.map(([name]) => (
                  <Badge key={name}>{name}</Badge>
                ))}
              </span>
            ) : undefined,
        }}
      />
      {policies.map(([name, value]) => (
        <p key={name}>
          <strong>{name}</strong> <code class="soft">{textOf(value)}</code>
        </p>
      ))}
    </Section>
  )
}

const MAX_TEXT = 400
const textOf = (value: unknown) => {
  const text = JSON.stringify(value)
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} …` : text
}

function LiveRequests({ name }: { readonly name: string }) {
  const held = useData('requests.list', { query: { function: name, limit: '20' } })
  const tail = useTail(held.value ? { function: name } : undefined)
  return (
    <Section title="Requests, live" actions={<a href={`${BASE}/requests?function=${name}`}>All of them</a>}>
      <Loaded data={held} rows={5}>
        {({ requests }) => {
          const shown = [
            ...tail.requests,
            ...requests.filter(({ id }) => !tail.requests.some((one) => one.id === id)),
          ].slice(0, 20)
          return shown.length === 0 ? <Empty title="No request yet" /> : <RequestTable requests={shown} />
        }}
      </Loaded>
    </Section>
  )
}
