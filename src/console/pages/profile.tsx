import { useState } from 'preact/hooks'
import { send } from '../api/call.ts'
import { Ask } from '../parts/ask.tsx'
import { Choice } from '../parts/field.tsx'
import { type Flame, FlameGraph } from './flame-graph.tsx'

interface ProfileReply {
  readonly unit: 'ms' | 'bytes'
  readonly total: number
  readonly requests: number
  readonly flame: Flame
}

/** A profile of one instance that runs, as a flame graph. */
export function Profile({ name }: { readonly name: string }) {
  const [kind, setKind] = useState('cpu')
  const [seconds, setSeconds] = useState('5')
  return (
    <Ask
      isSmall
      label="Profile"
      title={`Profile an instance of ${name}?`}
      effectKey={kind + seconds}
      fields={
        <div class="columns">
          <Choice label="What" value={kind} options={{ cpu: 'Time', heap: 'Memory' }} onValue={setKind} />
          <Choice
            label="For"
            value={seconds}
            options={{ '2': '2 s', '5': '5 s', '10': '10 s', '30': '30 s' }}
            onValue={setSeconds}
          />
        </div>
      }
      effect={() => (
        <p>
          One instance that runs already is sampled for {seconds} s, which costs it some of its speed. None is started
          for it.
        </p>
      )}
      run={async () => {
        const response = await send('POST', `/v1/functions/${name}/profiles`, {
          body: { kind, seconds: Number(seconds), as: 'flame' },
        })
        const { flame, unit, total, requests }: ProfileReply = await response.json()
        return { show: <FlameGraph flame={flame} unit={unit} total={total} requests={requests} /> }
      }}
    />
  )
}
