import type { ComponentChildren } from 'preact'
import { formatAgo } from './format.ts'

/** Names and values; what is undefined is left out. */
export const Facts = ({ of }: { readonly of: Readonly<Record<string, ComponentChildren>> }) => (
  <dl class="facts">
    {Object.entries(of)
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
)

/** A moment, as how long ago it was; the moment itself where the pointer rests. */
export const When = ({ at }: { readonly at: string | null | undefined }) =>
  at ? (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {formatAgo(at)}
    </time>
  ) : (
    <span class="soft">never</span>
  )

/** A time of the day, with its date where that is another one: as it stands in a log, and right for as long as it is shown. */
export const At = ({ time }: { readonly time: string }) => {
  const date = new Date(time)
  const isToday = date.toDateString() === new Date().toDateString()
  return (
    <time dateTime={time} title={date.toLocaleString()}>
      {isToday ? date.toLocaleTimeString() : date.toLocaleString()}
    </time>
  )
}

/** Who asked, and for which tenant. */
export const Caller = ({ caller, tenant }: { readonly caller: string; readonly tenant: string | null }) => (
  <span>
    {caller}
    {tenant ? <span class="sub">of {tenant}</span> : null}
  </span>
)

export type Tone = 'good' | 'warn' | 'bad' | 'calm'

/** A word that says how something is; its colour says nothing that the word does not. */
export const Badge = ({ tone = 'calm', children }: { readonly tone?: Tone; readonly children: ComponentChildren }) => (
  <span class={`badge ${tone}`}>{children}</span>
)

/** An HTTP status. */
export const Status = ({ status }: { readonly status: number | null | undefined }) => (
  <Badge tone={!status || status >= 500 ? 'bad' : status >= 400 ? 'warn' : 'good'}>{status || 'none'}</Badge>
)
