import { useData } from '../api/use-data.ts'
import { Badge, Facts, When } from '../parts/facts.tsx'
import { Field, Filters } from '../parts/field.tsx'
import { formatCount } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { BASE } from './paths.ts'

/** Which contracts run, how they differ from those of a commit, and who uses what of them. */
export function Contracts() {
  const contracts = useData('contracts.show', {}, { everyMs: 5_000 })
  return (
    <Page title="Contracts" lead="What the gateway promises callers now, and what a change of it would break.">
      <Section title="In force">
        <Loaded data={contracts} rows={2}>
          {({ file, loadedAt, reloads, failure, routes, subscriptions, authorizers }) => (
            <>
              {failure ? (
                <p class="note bad">
                  Newer ones could not be loaded <When at={failure.at} />: {failure.message}
                </p>
              ) : null}
              <Facts
                of={{
                  File: <code>{file}</code>,
                  Since: <When at={loadedAt} />,
                  Reloads: formatCount(reloads),
                  Routes: formatCount(routes),
                  Subscriptions: formatCount(subscriptions),
                  Authorizers: formatCount(authorizers),
                }}
              />
            </>
          )}
        </Loaded>
      </Section>
      <Gateways />
      <Differences />
      <ContractUsage />
    </Page>
  )
}

function Gateways() {
  const gateways = useData('gateways.list', {}, { everyMs: 5_000 })
  return (
    <Section title="Gateways">
      <Loaded data={gateways} rows={1}>
        {({ gateways: shown }) => (
          <>
            {new Set(shown.map(({ contracts }) => contracts)).size > 1 ? (
              <p class="note warn">Gateways have different contracts: a rollout is under way.</p>
            ) : null}
            <Table
              label="Gateways"
              rows={shown}
              keyOf={({ name }) => name}
              columns={[
                { name: 'Gateway', cell: ({ name }) => name },
                {
                  name: 'Version',
                  cell: ({ version, revision }) => (
                    <span>
                      {version} <code class="soft">{revision}</code>
                    </span>
                  ),
                },
                { name: 'Started', cell: ({ startedAt }) => <When at={startedAt} /> },
                {
                  name: 'Contracts',
                  cell: ({ contracts, contractsLoadedAt }) => (
                    <span>
                      <code>{contracts}</code>{' '}
                      <span class="sub">
                        <When at={contractsLoadedAt} />
                      </span>
                    </span>
                  ),
                },
              ]}
            />
          </>
        )}
      </Loaded>
    </Section>
  )
}

function Differences() {
  const [{ ref }, setFilter] = useFilter('ref')
  const diff = useData('contracts.diff', { query: { ref: ref || 'HEAD' } })
  return (
    <Section title="Differences">
      <Filters>
        <Field
          label="What runs, against the commit"
          value={ref}
          placeholder="HEAD"
          onValue={(value) => setFilter('ref', value)}
        />
      </Filters>
      <Loaded data={diff} rows={2}>
        {({ findings, broken, ref: against }) => (
          <>
            {broken.map(({ function: name, message }) => (
              <p key={name} class="note bad message">
                {name} cannot be loaded: {message}
              </p>
            ))}
            {findings.length === 0 ? (
              <Empty title="No difference">What runs promises what {against} does.</Empty>
            ) : (
              <Table
                label="Differences"
                rows={findings}
                keyOf={({ where, says }) => where + says}
                columns={[
                  { name: 'Where', cell: ({ where }) => <code>{where}</code> },
                  {
                    name: 'Effect',
                    cell: ({ effect, announced }) => (
                      <span>
                        <Badge
                          tone={
                            effect === 'breaks' && announced === null ? 'bad' : effect === 'breaks' ? 'warn' : 'calm'
                          }
                        >
                          {effect}
                        </Badge>
                        {announced ? <span class="sub">announced {announced}</span> : null}
                      </span>
                    ),
                  },
                  { name: 'Whom', cell: ({ whom }) => whom },
                  { name: 'What', cell: ({ says }) => says },
                ]}
              />
            )}
          </>
        )}
      </Loaded>
    </Section>
  )
}

function ContractUsage() {
  const usage = useData('usage.contracts', { query: { days: '30' } })
  return (
    <Section title="Who uses what, in 30 days">
      <Loaded data={usage} rows={3}>
        {({ endpoints }) =>
          endpoints.length === 0 ? (
            <Empty title="Nothing was called yet" />
          ) : (
            <Table
              label="Usage of contracts"
              rows={endpoints}
              keyOf={({ name }) => name}
              columns={[
                {
                  name: 'Endpoint',
                  cell: ({ name, method, path, deprecated }) => (
                    <span>
                      <a href={`${BASE}/functions/${name}`}>{name}</a>{' '}
                      {deprecated ? (
                        <Badge tone="warn">deprecated{deprecated.sunset ? `, ends ${deprecated.sunset}` : ''}</Badge>
                      ) : null}
                      <span class="sub mono">
                        {method} {path}
                      </span>
                    </span>
                  ),
                },
                { name: 'Requests', isNumber: true, cell: ({ requests }) => formatCount(requests) },
                { name: 'Last', cell: ({ lastAt }) => <When at={lastAt} /> },
                {
                  name: 'Callers',
                  cell: ({ callers }) =>
                    callers.slice(0, 5).map(({ caller, version, requests }) => (
                      <span key={`${caller} ${version}`} class="sub">
                        {caller}
                        {version ? ` with ${version}` : ''}: {formatCount(requests)}
                      </span>
                    )),
                },
                {
                  name: 'Optional fields nobody sends',
                  cell: ({ fields }) => (
                    <span class="soft mono">
                      {fields
                        .filter(({ requests }) => requests === 0)
                        .map(({ field }) => field)
                        .join(' ')}
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
