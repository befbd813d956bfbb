import { useState } from 'preact/hooks'
import { call } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Badge, When } from '../parts/facts.tsx'
import { Choice, Field, Filters } from '../parts/field.tsx'
import { formatCount, plural } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'

type Plan = ReplyOf<'plans.list'>['plans'][number]

/** What callers may use, and what they have used. */
export function Plans() {
  const plans = useData('plans.list', {})
  const tenants = useData('plans.tenants', {})
  const reload = async () => void (await Promise.all([plans.reload(), tenants.reload()]))
  return (
    <Page
      title="Plans and usage"
      lead="domain/plans.ts says what a plan is; a key or a tenant has one."
      actions={<SetPlan plans={plans.value?.plans ?? []} onDone={reload} />}
    >
      <Section title="Plans">
        <Loaded data={plans} rows={3}>
          {({ plans: shown }) =>
            shown.length === 0 ? (
              <Empty title="No plan">
                domain/plans.ts declares none: callers are limited by the endpoints' own limits.
              </Empty>
            ) : (
              <Table
                label="Plans"
                rows={shown}
                keyOf={({ name }) => name}
                columns={[
                  {
                    name: 'Plan',
                    cell: ({ name, isDeclared }) => (
                      <span>
                        {name} {isDeclared ? null : <Badge tone="warn">not in domain/plans.ts</Badge>}
                      </span>
                    ),
                  },
                  {
                    name: 'Rate',
                    cell: ({ rate }) =>
                      rate ? `${formatCount(rate.requests)} in ${rate.perSeconds} s` : <span class="soft">none</span>,
                  },
                  {
                    name: 'Quota',
                    cell: ({ quota }) =>
                      quota ? `${formatCount(quota.requests)} a ${quota.per}` : <span class="soft">none</span>,
                  },
                  { name: 'At a time', cell: ({ concurrency }) => concurrency ?? <span class="soft">any</span> },
                  {
                    name: 'Price',
                    cell: ({ price }) =>
                      price ? `${price.amount} ${price.currency} a ${price.per}` : <span class="soft">–</span>,
                  },
                  {
                    name: 'Held by',
                    cell: ({ holders }) => `${plural(holders.tenants, 'tenant')}, ${plural(holders.keys, 'key')}`,
                  },
                ]}
              />
            )
          }
        </Loaded>
      </Section>
      <Section title="Tenants with a plan of their own">
        <Loaded data={tenants} rows={2}>
          {({ tenants: shown }) =>
            shown.length === 0 ? (
              <Empty title="No tenant has one" />
            ) : (
              <Table
                label="Tenants"
                rows={shown}
                keyOf={({ tenant }) => tenant}
                columns={[
                  { name: 'Tenant', cell: ({ tenant }) => tenant },
                  { name: 'Plan', cell: ({ plan }) => plan },
                  { name: 'Since', cell: ({ setAt }) => <When at={setAt} /> },
                  {
                    name: 'Actions',
                    isActions: true,
                    cell: ({ tenant, plan }) => (
                      <Ask
                        isSmall
                        label="Take away"
                        title={`Take the plan ${plan} away from ${tenant}?`}
                        effect={() => (
                          <p>
                            From its next request on, {tenant} has the plans of its keys, and where these have none, no
                            limit but the endpoints' own.
                          </p>
                        )}
                        run={async () => {
                          await call('plans.unset', { params: { tenant } })
                          await reload()
                          return `${tenant} has no plan of its own any more.`
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
      <Usage />
    </Page>
  )
}

function SetPlan({ plans, onDone }: { readonly plans: readonly Plan[]; readonly onDone: () => Promise<void> }) {
  const [tenant, setTenant] = useState('')
  const [chosen, setChosen] = useState('')
  const declared = plans.filter(({ isDeclared }) => isDeclared)
  const plan = chosen || declared[0]?.name || ''
  const rate = declared.find(({ name }) => name === plan)?.rate
  if (declared.length === 0) return null
  return (
    <Ask
      label="Give a plan"
      title="Give a tenant a plan?"
      effectKey={tenant + plan}
      isReady={tenant.trim() !== ''}
      fields={
        <>
          <Field label="Tenant" value={tenant} onValue={setTenant} isRequired />
          <Choice
            label="Plan"
            value={plan}
            options={Object.fromEntries(declared.map(({ name }) => [name, name]))}
            onValue={setChosen}
          />
        </>
      }
      effect={() => (
        <p>
          From its next request on, all of {tenant || 'the tenant'} shares the plan {plan}
          {rate ? `: ${formatCount(rate.requests)} requests in ${rate.perSeconds} s` : ''}. What it has used of its
          quota stays used.
        </p>
      )}
      run={async () => {
        await call('plans.set', { params: { tenant: tenant.trim() }, body: { plan } })
        await onDone()
        return `${tenant.trim()} has the plan ${plan}.`
      }}
    />
  )
}

const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)

function Usage() {
  const [{ days }, setFilter] = useFilter('days')
  const usage = useData('usage.list', { query: { from: day(Number(days || '7') - 1), to: day(0) } })
  return (
    <Section title="Usage">
      <Filters>
        <Choice
          label="Days of UTC"
          value={days}
          options={{ '': 'The last 7', '1': 'Today', '30': 'The last 30', '90': 'The last 90' }}
          onValue={(value) => setFilter('days', value)}
        />
      </Filters>
      <Loaded data={usage} rows={3}>
        {({ usage: shown }) =>
          shown.length === 0 ? (
            <Empty title="Nothing was used">Only callers with a plan are counted.</Empty>
          ) : (
            <Table
              label="Usage"
              rows={shown}
              keyOf={({ tenant, subject, plan, keyId }) => `${tenant} ${subject} ${plan} ${keyId}`}
              columns={[
                {
                  name: 'Caller',
                  cell: ({ subject, tenant }) => (
                    <span>
                      {subject} {tenant ? <span class="soft">of {tenant}</span> : null}
                    </span>
                  ),
                },
                { name: 'Plan', cell: ({ plan }) => plan },
                { name: 'By', cell: ({ keyId }) => (keyId ? <code>{keyId.slice(0, 8)}</code> : 'a token') },
                { name: 'Requests', isNumber: true, cell: ({ requests }) => formatCount(requests) },
                { name: 'Refused', isNumber: true, cell: ({ refused }) => formatCount(refused) },
              ]}
            />
          )
        }
      </Loaded>
    </Section>
  )
}
