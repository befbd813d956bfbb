import { useState } from 'preact/hooks'
import { call } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Ask } from '../parts/ask.tsx'
import { Badge, When } from '../parts/facts.tsx'
import { Choice, Field, Filters } from '../parts/field.tsx'
import { formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { Table } from '../parts/table.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { CreateKey } from './create-key.tsx'
import { NewToken } from './new-token.tsx'

type Key = ReplyOf<'keys.list'>['keys'][number]

/** Who may call, by which keys. */
export function Keys() {
  const [{ live, subject, tenant, before }, setFilter] = useFilter('live', 'subject', 'tenant', 'before')
  const keys = useData('keys.list', { query: { live: live === 'all' ? undefined : 'true', subject, tenant, before } })
  return (
    <Page
      title="Keys"
      lead="API keys without their tokens: these are shown once, when a key is made."
      actions={<CreateKey onDone={keys.reload} />}
    >
      <section class="card">
        <Filters>
          <Choice
            label="Keys"
            value={live}
            options={{ '': 'That are good', all: 'All there were' }}
            onValue={(value) => setFilter('live', value)}
          />
          <Field label="Subject" type="search" value={subject} onValue={(value) => setFilter('subject', value)} />
          <Field label="Tenant" type="search" value={tenant} onValue={(value) => setFilter('tenant', value)} />
        </Filters>
        <Loaded data={keys}>
          {({ keys: shown }) =>
            shown.length === 0 ? (
              <Empty title="No key">None fits what you filter by.</Empty>
            ) : (
              <>
                <Table
                  label="Keys"
                  rows={shown}
                  keyOf={({ id }) => id}
                  columns={[
                    {
                      name: 'Subject',
                      cell: (key) => (
                        <span>
                          {key.subject}
                          <span class="sub">
                            {[key.name, key.tenant && `tenant ${key.tenant}`, key.plan && `plan ${key.plan}`]
                              .filter(Boolean)
                              .join(', ')}
                          </span>
                        </span>
                      ),
                    },
                    {
                      name: 'May',
                      cell: ({ scopes, roles }) => (
                        <span class="badges">
                          {(roles ?? []).map((role) => (
                            <Badge key={role}>{role}</Badge>
                          ))}
                          <span class="soft mono">{scopes.join(' ')}</span>
                        </span>
                      ),
                    },
                    { name: 'Made', cell: ({ createdAt }) => <When at={createdAt} /> },
                    { name: 'State', cell: (key) => <KeyState of={key} /> },
                    { name: 'Actions', isActions: true, cell: (key) => <KeyActions of={key} onDone={keys.reload} /> },
                  ]}
                />
                <Pager
                  before={before}
                  next={shown.length >= 50 ? shown.at(-1)?.id : undefined}
                  onBefore={(value) => setFilter('before', value)}
                />
              </>
            )
          }
        </Loaded>
      </section>
    </Page>
  )
}

const isOver = (at: string | null | undefined) => at !== null && at !== undefined && Date.parse(at) <= Date.now()
const isLive = ({ revokedAt, expiresAt }: Key) => !revokedAt && !isOver(expiresAt)

function KeyState({ of }: { readonly of: Key }) {
  if (of.revokedAt) return <Badge tone="bad">revoked</Badge>
  if (isOver(of.expiresAt)) return <Badge>expired</Badge>
  return of.expiresAt ? (
    <span>
      <Badge tone="warn">ends</Badge> <When at={of.expiresAt} />
    </span>
  ) : (
    <Badge tone="good">good</Badge>
  )
}

const OVERLAPS = { '3600': 'An hour', '0': 'Not at all: at once', '86400': 'A day', '604800': 'A week' }

function KeyActions({ of: key, onDone }: { readonly of: Key; readonly onDone: () => Promise<void> }) {
  const [overlap, setOverlap] = useState('3600')
  if (!isLive(key)) return null
  const seconds = Number(overlap)
  return (
    <>
      <Ask
        isSmall
        label="Rotate"
        title={`Put a new key in the place of ${key.subject}’s?`}
        effectKey={overlap}
        fields={<Choice label="The old token stays good" value={overlap} options={OVERLAPS} onValue={setOverlap} />}
        effect={() => (
          <p>
            A new key with the same rights is made, and its token is shown once, here. The old token is{' '}
            {seconds === 0
              ? 'refused by every gateway within a second.'
              : `good for another ${formatMs(seconds * 1_000)}, then refused.`}
          </p>
        )}
        run={async () => {
          const { token } = await call('keys.rotate', { params: { id: key.id }, body: { overlapSeconds: seconds } })
          await onDone()
          return { show: <NewToken token={token} /> }
        }}
      />
      <Ask
        isSmall
        isDangerous
        label="Revoke"
        title={`Revoke the key of ${key.subject}?`}
        effect={() => (
          <p>Every gateway refuses it within a second, for good. Requests that are under way are answered.</p>
        )}
        run={async () => {
          await call('keys.revoke', { params: { id: key.id } })
          await onDone()
          return `The key of ${key.subject} is revoked.`
        }}
      />
    </>
  )
}
