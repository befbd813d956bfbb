import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Chart } from '../metrics/chart.tsx'
import { Choice, Filters } from '../parts/field.tsx'
import { Figure } from '../parts/figure.tsx'
import { formatCount, formatMoney, formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { BASE } from './paths.ts'
import { WhatIf } from './what-if.tsx'

interface Share {
  readonly requests: number
  readonly calls: number
  readonly busySeconds: number
  readonly cost: number | null
}

type CostReply = ReplyOf<'cost.read'>

const DAY_MS = 86_400_000
const hour = (ago: number) => new Date(Math.floor((Date.now() - ago) / 3_600_000) * 3_600_000).toISOString()

/** What each endpoint costs, and why. */
export function Cost() {
  const [{ days }, setFilter] = useFilter('days')
  const range = { from: hour(Number(days || '7') * DAY_MS), to: hour(-3_600_000) }
  const cost = useData('cost.read', { query: range }, { everyMs: 60_000 })
  return (
    <Page
      title="Cost"
      lead="Seconds of instances, by the prices of domain/prices.ts. What was paid for no request stands apart."
    >
      <Filters>
        <Choice
          label="Time"
          value={days}
          options={{ '1': 'The last day', '': 'The last 7 days', '30': 'The last 30 days', '90': 'The last 90 days' }}
          onValue={(value) => setFilter('days', value)}
        />
      </Filters>
      <Loaded data={cost} rows={12}>
        {(report) => <Report of={report} />}
      </Loaded>
      {(cost.value?.functions.length ?? 0) > 0 ? (
        <WhatIf names={(cost.value?.functions ?? []).map(({ name }) => name)} range={range} />
      ) : null}
    </Page>
  )
}

const formatSeconds = (seconds: number) => formatMs(seconds * 1_000)

function Report({ of }: { readonly of: CostReply }) {
  const { currency, functions } = of
  const money = (amount: number | null | undefined) => formatMoney(amount, currency)
  const saved = functions.reduce((sum, one) => sum + (one.saved ?? 0), 0)
  return (
    <>
      {currency === null ? <p class="note">There is no domain/prices.ts: time is shown, and no money.</p> : null}
      <dl class="figures">
        <Figure name="In all" value={money(of.cost)} />
        <Figure name="For no request" value={money(of.unused)} sub="idle, warm and starting" />
        <Figure name="Database" value={money(of.databaseCost)} />
        <Figure name="Saved" value={money(saved)} sub="by requests that called nothing" />
      </dl>
      {of.series.length > 1 ? (
        <Section title="Seconds of instances">
          <Chart
            label="Busy and idle seconds of instances over time"
            times={of.series.map(({ at }) => Date.parse(at) / 1_000)}
            lines={[
              { name: 'busy', tone: 'accent', values: of.series.map(({ seconds }) => seconds.busy) },
              { name: 'idle', tone: 'warn', values: of.series.map(({ seconds }) => seconds.idle) },
            ]}
            format={formatSeconds}
          />
        </Section>
      ) : null}
      <Section title="By endpoint">
        {functions.length === 0 ? (
          <Empty title="Nothing ran" />
        ) : (
          <Table
            label="Cost by endpoint"
            rows={functions}
            keyOf={({ name }) => name}
            columns={[
              { name: 'Function', cell: ({ name }) => <a href={`${BASE}/functions/${name}`}>{name}</a> },
              {
                name: 'Calls',
                isNumber: true,
                cell: ({ calls, avoided }) => (
                  <span>
                    {formatCount(calls)}
                    <span class="sub">{formatCount(avoided)} avoided</span>
                  </span>
                ),
              },
              { name: 'Busy', isNumber: true, cell: ({ seconds }) => formatSeconds(seconds.busy) },
              { name: 'Idle', isNumber: true, cell: ({ seconds }) => formatSeconds(seconds.idle + seconds.warm) },
              { name: 'Starting', isNumber: true, cell: ({ seconds }) => formatSeconds(seconds.starting) },
              { name: 'Database', isNumber: true, cell: ({ cost }) => money(cost?.database) },
              { name: 'Saved', isNumber: true, cell: ({ saved: by }) => money(by) },
              { name: 'Cost', isNumber: true, cell: ({ cost }) => <strong>{money(cost?.total)}</strong> },
            ]}
          />
        )}
      </Section>
      <div class="columns">
        <Shares
          title="By plan"
          rows={of.plans.map(({ plan, ...share }) => ({ name: plan ?? 'no plan', ...share }))}
          money={money}
        />
        <Shares
          title="By tenant"
          rows={of.tenants.map(({ tenant, ...share }) => ({
            name: tenant === '*' ? 'all others' : (tenant ?? 'no tenant'),
            ...share,
          }))}
          money={money}
        />
        <Section title="Always on">
          <Table
            label="Services"
            rows={of.services}
            keyOf={({ name }) => name}
            columns={[
              { name: 'Service', cell: ({ name }) => name },
              { name: 'Time', isNumber: true, cell: ({ seconds }) => formatSeconds(seconds) },
              { name: 'Cost', isNumber: true, cell: ({ cost }) => money(cost) },
            ]}
          />
        </Section>
      </div>
    </>
  )
}

interface SharesProps {
  readonly title: string
  readonly rows: readonly (Share & { readonly name: string })[]
  readonly money: (amount: number | null) => string
}

const Shares = ({ title, rows, money }: SharesProps) => (
  <Section title={title}>
    {rows.length === 0 ? (
      <Empty title="Nothing" />
    ) : (
      <Table
        label={title}
        rows={rows}
        keyOf={({ name }) => name}
        columns={[
          { name: 'Who', cell: ({ name }) => name },
          { name: 'Calls', isNumber: true, cell: ({ calls }) => formatCount(calls) },
          { name: 'Busy', isNumber: true, cell: ({ busySeconds }) => formatSeconds(busySeconds) },
          { name: 'Cost', isNumber: true, cell: ({ cost }) => money(cost) },
        ]}
      />
    )}
  </Section>
)
