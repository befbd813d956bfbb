import { send } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Code } from '../parts/code.tsx'
import { Badge, type Tone, When } from '../parts/facts.tsx'
import { Choice, Filters } from '../parts/field.tsx'
import { formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { BASE } from './paths.ts'

type Alert = AlertsReply['alerts'][number]

type AlertsReply = ReplyOf<'alerts.list'>

const ORDER = ['firing', 'pending', 'unknown', 'inactive'] as const
const WORDS: Readonly<Record<Alert['state'], string>> = {
  firing: 'firing',
  pending: 'pending',
  inactive: 'quiet',
  unknown: 'not seen here',
}
const TONES: Readonly<Record<Alert['state'], Tone>> = {
  firing: 'bad',
  pending: 'warn',
  inactive: 'good',
  unknown: 'calm',
}

/** What would have called somebody, by this gateway's own counters. */
export function Alerts() {
  const alerts = useData('alerts.list', {}, { everyMs: 10_000 })
  const [{ state }, setFilter] = useFilter('state')
  return (
    <Page
      title="Alerts"
      lead="The rules of the chart, over what this gateway has counted itself. On a cluster Prometheus sees all gateways."
    >
      <section class="card">
        <Filters>
          <Choice
            label="State"
            value={state}
            options={{ '': 'All', firing: 'Firing', pending: 'Pending', inactive: 'Quiet', unknown: 'Not seen here' }}
            onValue={(value) => setFilter('state', value)}
          />
        </Filters>
        <Loaded data={alerts} rows={10}>
          {({ alerts: all, evaluatedAt, since }) => {
            const shown = all
              .filter((one) => state === '' || one.state === state)
              .toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
            return (
              <>
                <p class="soft">
                  Evaluated <When at={evaluatedAt} />; counted since <When at={since} />.
                </p>
                {shown.length === 0 ? <Empty title="None" /> : null}
                {shown.map((alert) => (
                  <AlertDetails key={`${alert.name} ${alert.window}`} of={alert} />
                ))}
              </>
            )
          }}
        </Loaded>
      </section>
      <Checks />
    </Page>
  )
}

function AlertDetails({
  of: { name, window, severity, state, forSeconds, expression, advice, runbook, instances },
}: {
  readonly of: Alert
}) {
  return (
    <details open={state === 'firing'}>
      <summary>
        <Badge tone={TONES[state]}>{WORDS[state]}</Badge> {name}
        {window ? ` over ${window}` : ''} <span class="soft">{severity}</span>
      </summary>
      <ul>
        {instances.map(({ summary, since, labels }) => (
          <li key={JSON.stringify(labels)}>
            {summary} <When at={since} />
          </li>
        ))}
      </ul>
      <p>{advice}</p>
      <p class="soft">
        Runbook: <code>{runbook}</code>
        {forSeconds > 0 ? `; it fires once this holds for ${formatMs(forSeconds * 1_000)}` : ''}.
      </p>
      <Code text={expression} label={`Expression of ${name}, ${severity}${window ? ` over ${window}` : ''}`} />
    </details>
  )
}

function Checks() {
  const checks = useData('checks.list', {}, { everyMs: 10_000 })
  return (
    <Section title="Synthetic checks">
      <Loaded data={checks} rows={2}>
        {({ checks: shown }) =>
          shown.length === 0 ? (
            <Empty title="No check">`check` in a contract has one of its examples called again and again.</Empty>
          ) : (
            <Table
              label="Synthetic checks"
              rows={shown}
              keyOf={({ name }) => name}
              columns={[
                {
                  name: 'Check',
                  cell: ({ name, from, everySeconds }) => (
                    <span>
                      <a href={`${BASE}/functions/${name}`}>{name}</a>
                      <span class="sub">
                        “{from}”, every {formatMs(everySeconds * 1_000)}
                      </span>
                    </span>
                  ),
                },
                {
                  name: 'State',
                  cell: ({ state, failures }) => (
                    <span>
                      <Badge tone={state === 'passing' ? 'good' : state === 'unknown' ? 'calm' : 'bad'}>{state}</Badge>
                      {failures > 0 ? <span class="sub">{failures} in a row</span> : null}
                    </span>
                  ),
                },
                {
                  name: 'Last',
                  cell: ({ runs: [last] }) =>
                    last ? (
                      <span>
                        <When at={last.at} /> in {formatMs(last.durationMs)}
                        {last.message ? <span class="sub bad-text">{last.message}</span> : null}
                      </span>
                    ) : (
                      <span class="soft">never</span>
                    ),
                },
                { name: 'Next', cell: ({ nextAt }) => <When at={nextAt} /> },
                {
                  name: 'Actions',
                  isActions: true,
                  cell: ({ name, undo }) => (
                    <Ask
                      isSmall
                      label="Run now"
                      title={`Run the check of ${name} now?`}
                      effect={() => (
                        <p>
                          A relay calls it within a second, and starts its function where none runs.
                          {undo ? ` What it writes, ${undo} takes back.` : ' It only reads.'}
                        </p>
                      )}
                      run={async () => {
                        await send('POST', `/v1/checks/${encodeURIComponent(name)}/run`, { body: {} })
                        await checks.reload()
                        return `${name} is due now.`
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
