import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../api/api-error.ts'
import { queryOf } from '../api/call.ts'
import { follow } from '../api/follow.ts'
import { useData } from '../api/use-data.ts'
import { When } from '../parts/facts.tsx'
import { Field, Filters } from '../parts/field.tsx'
import { formatCount } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Pager } from '../parts/pager.tsx'
import { useFilter } from '../parts/use-filter.ts'
import { RequestTable, type SeenRequest } from './request-table.tsx'

const FILTERS = ['status', 'function', 'path', 'caller', 'tenant', 'correlation', 'before'] as const
const MAX_LIVE = 100

/** What came to the gateways, whether a function was called for it or not. */
export function Requests() {
  const [filter, setFilter] = useFilter(...FILTERS)
  const [isLive, setLive] = useState(false)
  const { before: _before, ...liveFilter } = filter
  const requests = useData('requests.list', { query: filter })
  const tail = useTail(isLive ? liveFilter : undefined)
  const toggleLive = () => {
    // What came meanwhile is in the list, too.
    if (isLive) void requests.reload()
    setLive(!isLive)
  }
  const field = (name: (typeof FILTERS)[number], label: string, placeholder = '') => (
    <Field
      label={label}
      type="search"
      value={filter[name]}
      placeholder={placeholder}
      onValue={(value) => setFilter(name, value)}
    />
  )
  return (
    <Page
      title="Requests"
      lead="The newest that each gateway remembers, without bodies. Watching them calls nothing."
      actions={
        <button type="button" class={isLive ? 'primary' : ''} aria-pressed={isLive} onClick={toggleLive}>
          {isLive ? 'Live: stop' : 'Follow live'}
        </button>
      }
    >
      <section class="card">
        <Filters>
          {field('status', 'Status', '5xx, 404')}
          {field('function', 'Function')}
          {field('path', 'Path begins with', '/v1/orders')}
          {field('caller', 'Caller')}
          {field('tenant', 'Tenant')}
          {field('correlation', 'Correlation id')}
        </Filters>
        {tail.error ? <p class="note bad">{messageOf(tail.error)}</p> : null}
        {tail.skipped > 0 ? (
          <p class="note warn">
            {formatCount(tail.skipped)} came too fast to be shown here; stop, and the list shows those that are kept.
          </p>
        ) : null}
        <Loaded data={requests} rows={12}>
          {({ requests: held, next, held: all }) => {
            const live = new Set(tail.requests.map(({ id }) => id))
            const shown = [...tail.requests, ...held.filter(({ id }) => !live.has(id))]
            return (
              <>
                <p class="soft">
                  {formatCount(all.requests)} are remembered
                  {all.since ? (
                    <>
                      , since <When at={all.since} />
                    </>
                  ) : (
                    ''
                  )}
                  .{isLive ? ' New ones appear here.' : ''}
                </p>
                {shown.length === 0 ? (
                  <Empty title="No request">None fits, or none came yet.</Empty>
                ) : (
                  <RequestTable requests={shown} />
                )}
                <Pager before={filter.before} next={next} onBefore={(value) => setFilter('before', value)} />
              </>
            )
          }}
        </Loaded>
      </section>
    </Page>
  )
}

interface Tail {
  readonly requests: readonly SeenRequest[]
  readonly skipped: number
  readonly error?: unknown
}
const NOTHING: Tail = { requests: [], skipped: 0 }

/** The live tail of what the filter takes, the newest first; it is closed while the page is hidden. */
export function useTail(filter: Readonly<Record<string, string | undefined>> | undefined): Tail {
  const path = filter && `/v1/requests/live${queryOf(filter)}`
  const [tail, setTail] = useState(NOTHING)
  const [isHidden, setHidden] = useState(document.hidden)
  useEffect(() => {
    const listener = () => setHidden(document.hidden)
    document.addEventListener('visibilitychange', listener)
    return () => document.removeEventListener('visibilitychange', listener)
  }, [])
  useEffect(() => setTail(NOTHING), [path])
  useEffect(() => {
    if (path === undefined || isHidden) return
    const controller = new AbortController()
    const add = (data: string) => {
      const { requests, skipped }: { requests: readonly SeenRequest[]; skipped: number } = JSON.parse(data)
      setTail((old) => ({
        requests: [...requests.toReversed(), ...old.requests].slice(0, MAX_LIVE),
        skipped: old.skipped + skipped,
      }))
    }
    follow(path, add, controller.signal).catch((error: unknown) => setTail({ ...NOTHING, error }))
    return () => controller.abort()
  }, [path, isHidden])
  return tail
}
