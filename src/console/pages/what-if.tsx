import { useState } from 'preact/hooks'
import type { RequestOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Choice, Field, Filters } from '../parts/field.tsx'
import { formatCount, formatMoney, formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Section } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'

interface WhatIfProps {
  readonly names: readonly string[]
  readonly range: { readonly from: string; readonly to: string }
}

/** What another contract would have cost with the traffic that was. It changes nothing. */
export function WhatIf({ names, range }: WhatIfProps) {
  const [fields, setFields] = useState({ function: '', min: '', concurrency: '', maxAgeSeconds: '', warm: '' })
  const set = (name: keyof typeof fields) => (value: string) => setFields({ ...fields, [name]: value })
  const { function: chosen, ...change } = fields
  const isChanged = Object.values(change).some((value) => value !== '')
  return (
    <Section title="What if">
      <Filters>
        <Choice
          label="Function"
          value={chosen || (names[0] ?? '')}
          options={Object.fromEntries(names.map((name) => [name, name]))}
          onValue={set('function')}
        />
        <Field label="Instances at least" type="number" value={fields.min} onValue={set('min')} />
        <Field label="Requests at a time" type="number" value={fields.concurrency} onValue={set('concurrency')} />
        <Field label="Cache, in seconds" type="number" value={fields.maxAgeSeconds} onValue={set('maxAgeSeconds')} />
        <Field label="Warm window" value={fields.warm} placeholder="08:00-18:00" onValue={set('warm')} />
      </Filters>
      {isChanged ? (
        <Outcomes query={{ function: chosen || names[0], ...change, ...range }} />
      ) : (
        <Empty title="Change one of them">The recorded traffic is played again with it, in a model.</Empty>
      )}
    </Section>
  )
}

function Outcomes({ query }: Required<Pick<RequestOf<'cost.whatIf'>, 'query'>>) {
  const outcome = useData('cost.whatIf', { query })
  return (
    <Loaded data={outcome} rows={3}>
      {({ currency, recorded, simulated, changed }) => (
        <Table
          label="What if"
          rows={[
            { name: 'As it was', ...recorded },
            { name: 'As the model has it', ...simulated },
            { name: 'With the change', ...changed },
          ]}
          keyOf={({ name }) => name}
          columns={[
            { name: 'Case', cell: ({ name }) => name },
            { name: 'Calls', isNumber: true, cell: ({ calls }) => formatCount(calls) },
            { name: 'Cold starts', isNumber: true, cell: ({ coldStarts }) => formatCount(coldStarts) },
            { name: 'Instances', isNumber: true, cell: ({ instanceSeconds }) => formatMs(instanceSeconds * 1_000) },
            { name: 'p50', isNumber: true, cell: ({ p50Ms }) => (p50Ms === null ? '–' : formatMs(p50Ms)) },
            { name: 'p99', isNumber: true, cell: ({ p99Ms }) => (p99Ms === null ? '–' : formatMs(p99Ms)) },
            { name: 'Cost', isNumber: true, cell: ({ cost }) => formatMoney(cost, currency) },
          ]}
        />
      )}
    </Loaded>
  )
}
