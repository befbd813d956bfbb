import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Sparkline } from '../metrics/sparkline.tsx'
import { useTraffic } from '../metrics/use-traffic.ts'
import { Badge, When } from '../parts/facts.tsx'
import { Field, Filters } from '../parts/field.tsx'
import { formatCount, plural } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { BASE } from './paths.ts'

type FunctionState = ReplyOf<'functions.list'>[number]

/** What runs: every function, whether it does now, and how it has done in the last ten minutes. */
export function Functions() {
  const functions = useData('functions.list', {}, { everyMs: 3_000 })
  const routes = useData('routes.list', {})
  const traffic = useTraffic()
  const [{ q }, setFilter] = useFilter('q')
  const routeOf = ({ name, route }: FunctionState) => {
    const found = routes.value?.routes.find((one) => one.name === name)
    return found ? `${found.method} ${found.path}` : (route ?? 'no route: events or functions call it')
  }
  const trafficOf = ({ name }: FunctionState) => traffic.value?.traffic.find((one) => one.function === name)
  return (
    <Page
      title="Functions"
      lead="Each starts when it is called, and stops when it was idle. Looking at them starts none."
    >
      <Filters>
        <Field
          label="Filter"
          type="search"
          value={q}
          onValue={(value) => setFilter('q', value)}
          placeholder="Name or path"
        />
      </Filters>
      <section class="card">
        <Loaded data={functions} rows={12}>
          {(all) => {
            const shown = all.filter((one) => `${one.name} ${routeOf(one)}`.toLowerCase().includes(q.toLowerCase()))
            if (shown.length === 0)
              return (
                <Empty title="No function">
                  {q ? `None has “${q}” in its name or path.` : 'npx ebb new say-hello writes one.'}
                </Empty>
              )
            return (
              <Table
                label="Functions"
                rows={shown}
                keyOf={({ name }) => name}
                columns={[
                  {
                    name: 'Function',
                    cell: (one) => (
                      <span>
                        <a href={`${BASE}/functions/${one.name}`}>{one.name}</a>
                        <span class="sub mono">{routeOf(one)}</span>
                      </span>
                    ),
                  },
                  { name: 'Running', cell: (one) => <Instances of={one} /> },
                  { name: 'Last ten minutes', cell: (one) => <Sparkline of={trafficOf(one)} /> },
                  { name: 'Cold starts', isNumber: true, cell: (one) => <ColdStarts of={one} /> },
                ]}
              />
            )
          }}
        </Loaded>
      </section>
    </Page>
  )
}

export function Instances({ of: { instances, scale } }: { readonly of: Pick<FunctionState, 'instances' | 'scale'> }) {
  const warm = scale?.warm && scale.warm.length > 0 ? <Badge>warm window</Badge> : null
  const running =
    instances === null ? (
      <span class="soft">its platform knows</span>
    ) : instances === 0 ? (
      <Badge>asleep</Badge>
    ) : (
      <Badge tone="good">{instances} running</Badge>
    )
  return (
    <span class="badges">
      {running}
      {warm}
    </span>
  )
}

function ColdStarts({ of: { coldStarts, requests, lastColdStartAt } }: { readonly of: FunctionState }) {
  if (coldStarts === null) return <span class="soft">–</span>
  return (
    <span>
      {formatCount(coldStarts)}
      <span class="sub">
        {lastColdStartAt ? <When at={lastColdStartAt} /> : requests ? `of ${plural(requests, 'call')}` : null}
      </span>
    </span>
  )
}
