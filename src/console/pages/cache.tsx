import { useState } from 'preact/hooks'
import { call } from '../api/call.ts'
import { useData } from '../api/use-data.ts'
import { sumBy, useMetrics } from '../metrics/use-metrics.ts'
import { Ask } from '../parts/ask.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { Figure } from '../parts/figure.tsx'
import { formatBytes, formatCount, formatShare } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { EndpointLink } from './endpoint-link.tsx'

const OUTCOMES = ['hit', 'stale', 'revalidated', 'coalesced', 'miss', 'bypass'] as const
const WITHOUT_CALL: readonly string[] = ['hit', 'stale', 'coalesced']

/** What gateways keep of responses, and how it is made to be forgotten. */
export function Cache() {
  const metrics = useMetrics('ebb_cache_')
  const routes = useData('routes.list', {})
  return (
    <Page
      title="Cache"
      lead="Responses that gateways answer with again, where a contract says so."
      actions={<Purge routes={cached(routes.value)} />}
    >
      <Loaded data={metrics} rows={2}>
        {(samples) => {
          const total = (name: string) =>
            samples.filter((one) => one.name === name).reduce((sum, { value }) => sum + value, 0)
          return (
            <dl class="figures">
              <Figure name="Responses" value={formatCount(total('ebb_cache_entries'))} />
              <Figure name="In memory" value={formatBytes(total('ebb_cache_bytes'))} />
              <Figure name="Evicted" value={formatCount(total('ebb_cache_evictions_total'))} />
              <Figure name="Purges" value={formatCount(total('ebb_cache_purges_total'))} />
              <Figure name="Failures of Redis" value={formatCount(total('ebb_cache_redis_failures_total'))} />
            </dl>
          )
        }}
      </Loaded>
      <Section title="By route, since this gateway started">
        <Loaded data={metrics} rows={4}>
          {(samples) => {
            const requests = samples.filter(({ name }) => name === 'ebb_cache_requests_total')
            const byRoute = sumBy(requests, 'ebb_cache_requests_total', 'route')
            const countOf = (route: string, outcome: string) =>
              requests
                .filter(({ labels }) => labels.route === route && labels.outcome === outcome)
                .reduce((sum, { value }) => sum + value, 0)
            return byRoute.length === 0 ? (
              <Empty title="No request yet">None came to a route with `cache` in its contract.</Empty>
            ) : (
              <Table
                label="Cache by route"
                rows={byRoute}
                keyOf={([route]) => route}
                columns={[
                  { name: 'Route', cell: ([route]) => <code>{route}</code> },
                  {
                    name: 'Without a call',
                    isNumber: true,
                    cell: ([route, all]) =>
                      formatShare(WITHOUT_CALL.reduce((sum, outcome) => sum + countOf(route, outcome), 0) / all),
                  },
                  ...OUTCOMES.map((outcome) => ({
                    name: outcome,
                    isNumber: true,
                    cell: ([route]: readonly [string, number]) => formatCount(countOf(route, outcome)),
                  })),
                ]}
              />
            )
          }}
        </Loaded>
      </Section>
      <Section title="Routes with a cache">
        <Loaded data={routes} rows={4}>
          {(value) => {
            const shown = cached(value)
            return shown.length === 0 ? (
              <Empty title="No contract has a cache" />
            ) : (
              <Table
                label="Routes with a cache"
                rows={shown}
                keyOf={({ name }) => name}
                columns={[
                  {
                    name: 'Route',
                    cell: (route) => <EndpointLink {...route} />,
                  },
                  { name: 'How', cell: ({ cache }) => <code>{JSON.stringify(cache)}</code> },
                ]}
              />
            )
          }}
        </Loaded>
      </Section>
    </Page>
  )
}

interface Routes {
  readonly routes: readonly {
    readonly name: string
    readonly method: string
    readonly path: string
    readonly [field: string]: unknown
  }[]
}
const cached = (value: Routes | undefined) => (value?.routes ?? []).filter(({ cache }) => cache !== undefined)

const KINDS = { route: 'Of a route', tag: 'With a tag', url: 'Of an address' }

function Purge({ routes }: { readonly routes: Routes['routes'] }) {
  const [kind, setKind] = useState<string>('route')
  const [text, setText] = useState('')
  const value = kind === 'route' ? text || (routes[0]?.name ?? '') : text.trim()
  return (
    <Ask
      label="Purge"
      title="Have gateways forget responses?"
      effectKey={kind + value}
      isReady={value !== ''}
      fields={
        <>
          <Choice label="Which" value={kind} options={KINDS} onValue={setKind} />
          {kind === 'route' && routes.length > 0 ? (
            <Choice
              label="Route"
              value={value}
              options={Object.fromEntries(routes.map(({ name }) => [name, name]))}
              onValue={setText}
            />
          ) : (
            <Field
              label={kind === 'tag' ? 'Tag' : kind === 'url' ? 'Path and query' : 'Route'}
              value={text}
              onValue={setText}
            />
          )}
        </>
      }
      effect={() =>
        value === '' ? (
          <p>Say which.</p>
        ) : (
          <p>
            All gateways forget the responses{' '}
            {kind === 'route' ? `of ${value}` : kind === 'tag' ? `with the tag ${value}` : `of ${value}`}, of all
            callers, within 100 ms as a rule. The next request for each calls its function.
          </p>
        )
      }
      run={async () => {
        await call('cache.purge', { body: { [kind]: value } })
        return `Purged: ${value}.`
      }}
    />
  )
}
