import { useState } from 'preact/hooks'
import { call } from '../api/call.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Badge, Facts, When } from '../parts/facts.tsx'
import { Choice, Field, Filters } from '../parts/field.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'

/** What this gateway runs by. */
export function Settings() {
  return (
    <Page title="Settings" lead="Those in force on this gateway. Secrets are not shown to anybody.">
      <LogLevel />
      <Issuers />
      <InForce />
    </Page>
  )
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const TIMES = { '600': 'Ten minutes', '3600': 'An hour', '': 'Until the gateways end' }

function LogLevel() {
  const state = useData('log-level.show', {}, { everyMs: 10_000 })
  const [level, setLevel] = useState<(typeof LEVELS)[number]>('debug')
  const [seconds, setSeconds] = useState('600')
  return (
    <Section
      title="Log"
      actions={
        <Ask
          isSmall
          label="Set level"
          title="Log from another level on?"
          effectKey={level + seconds}
          fields={
            <div class="columns">
              {/* The options are the levels. */}
              <Choice
                label="Level"
                value={level}
                options={Object.fromEntries(LEVELS.map((one) => [one, one]))}
                onValue={(value) => setLevel(value as typeof level)}
              />
              <Choice label="For" value={seconds} options={TIMES} onValue={setSeconds} />
            </div>
          }
          effect={() => (
            <p>
              All gateways log from {level} on within a second
              {seconds ? ', and go back to LOG_LEVEL by themselves' : ''}.
              {level === 'debug' || level === 'trace' ? ' Under load that is many lines.' : ''}
            </p>
          )}
          run={async () => {
            await call('log-level.set', { body: { level, ...(seconds ? { forSeconds: Number(seconds) } : {}) } })
            await state.reload()
            return `Gateways log from ${level} on.`
          }}
        />
      }
    >
      <Loaded data={state} rows={1}>
        {(now) => (
          <Facts
            of={{
              Level: <Badge>{now.level}</Badge>,
              LOG_LEVEL: now.setting,
              'Falls back': now.until ? <When at={now.until} /> : undefined,
            }}
          />
        )}
      </Loaded>
    </Section>
  )
}

function Issuers() {
  const issuers = useData('issuers.list', {})
  return (
    <Section
      title="Issuers of tokens"
      actions={
        <Ask
          isSmall
          label="Fetch keys"
          title="Fetch the keys of all issuers now?"
          effect={() => (
            <p>Every gateway asks every issuer. A key that is published no more ends all tokens that it has signed.</p>
          )}
          run={async () => {
            await call('issuers.refresh', {})
            await issuers.reload()
            return 'The keys were fetched.'
          }}
        />
      }
    >
      <Loaded data={issuers} rows={1}>
        {({ issuers: shown }) =>
          shown.length === 0 ? (
            <Empty title="No issuer">EBB_ISSUERS names none: callers have API keys.</Empty>
          ) : (
            <Table
              label="Issuers"
              rows={shown}
              keyOf={({ issuer }) => issuer}
              columns={[
                { name: 'Issuer', cell: ({ issuer }) => issuer },
                { name: 'Keys', cell: ({ kids }) => <span class="mono">{kids.join(' ') || 'none yet'}</span> },
                {
                  name: 'Fetched',
                  cell: ({ fetchedAt, error }) => (
                    <span>
                      <When at={fetchedAt} />
                      {error ? <span class="sub bad-text">{error}</span> : null}
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

function InForce() {
  const settings = useData('settings.list', {})
  const [{ q, from }, setFilter] = useFilter('q', 'from')
  return (
    <Section title="In force">
      <Filters>
        <Field label="Filter" type="search" value={q} onValue={(value) => setFilter('q', value)} />
        <Choice
          label="Set by"
          value={from}
          options={{
            '': 'Anything',
            environment: 'The environment',
            file: 'A file',
            ebb: 'Ebb itself',
            default: 'Its default',
          }}
          onValue={(value) => setFilter('from', value)}
        />
      </Filters>
      <Loaded data={settings} rows={12}>
        {({ settings: all }) => {
          const shown = all.filter((one) => one.name.includes(q.toUpperCase()) && (from === '' || one.from === from))
          return shown.length === 0 ? (
            <Empty title="None fits" />
          ) : (
            <Table
              label="Settings"
              rows={shown}
              keyOf={({ name }) => name}
              columns={[
                {
                  name: 'Setting',
                  cell: ({ name, live }) => (
                    <span>
                      <code>{name}</code> {live ? <Badge>changes while it runs</Badge> : null}
                    </span>
                  ),
                },
                {
                  name: 'Value',
                  cell: ({ value, secret }) =>
                    value === null ? (
                      <span class="soft">–</span>
                    ) : secret ? (
                      <span class="soft">{value}</span>
                    ) : (
                      <code>{value}</code>
                    ),
                },
                { name: 'By', cell: ({ from: by }) => by },
              ]}
            />
          )
        }}
      </Loaded>
    </Section>
  )
}
