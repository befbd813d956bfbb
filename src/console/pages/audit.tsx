import { useData } from '../api/use-data.ts'
import { When } from '../parts/facts.tsx'
import { Field, Filters } from '../parts/field.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'

/** Who changed what. */
export function Audit() {
  const [{ actor, action, tenant, before }, setFilter] = useFilter('actor', 'action', 'tenant', 'before')
  const audit = useData('audit.list', { query: { actor, action, tenant, before } }, { everyMs: 10_000 })
  return (
    <Page title="Audit" lead="Every change by an operator, a caller or a team, the newest first.">
      <section class="card">
        <Filters>
          <Field
            label="Action"
            type="search"
            value={action}
            placeholder="key, or key.revoked"
            onValue={(value) => setFilter('action', value)}
          />
          <Field label="By" type="search" value={actor} onValue={(value) => setFilter('actor', value)} />
          <Field label="Tenant" type="search" value={tenant} onValue={(value) => setFilter('tenant', value)} />
        </Filters>
        <Loaded data={audit}>
          {({ entries, next }) =>
            entries.length === 0 ? (
              <Empty title="Nothing was changed" />
            ) : (
              <>
                <Table
                  label="Audit"
                  rows={entries}
                  keyOf={({ id }) => String(id)}
                  columns={[
                    { name: 'When', cell: ({ at }) => <When at={at} /> },
                    { name: 'Action', cell: ({ action: done }) => <code>{done}</code> },
                    {
                      name: 'What',
                      cell: ({ subject, tenant: of }) => (
                        <span>
                          {subject}
                          {of ? <span class="sub">of {of}</span> : null}
                        </span>
                      ),
                    },
                    { name: 'By', cell: ({ actor: by }) => by },
                    {
                      name: 'Detail',
                      cell: ({ detail }) => (detail ? <code class="soft">{JSON.stringify(detail)}</code> : null),
                    },
                  ]}
                />
                <Pager before={before} next={next} onBefore={(value) => setFilter('before', value)} />
              </>
            )
          }
        </Loaded>
      </section>
    </Page>
  )
}
