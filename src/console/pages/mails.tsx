import { useData } from '../api/use-data.ts'
import { When } from '../parts/facts.tsx'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page } from '../parts/page.tsx'
import { Table } from '../parts/table.tsx'
import { BASE } from './paths.ts'

/** What functions have sent: on a laptop mail goes to a folder, and nobody gets it. */
export function Mails() {
  const mails = useData('mails.list', {}, { everyMs: 4_000 })
  return (
    <Page title="Mail" lead="What functions have sent here. On a laptop it stays in a folder, and nobody gets it.">
      <section class="card">
        <Loaded data={mails}>
          {({ mails: shown }) =>
            shown.length === 0 ? (
              <Empty title="No mail yet">A subscriber sends one by its resource `mail`.</Empty>
            ) : (
              <Table
                label="Mail"
                rows={shown}
                keyOf={({ id }) => id}
                columns={[
                  { name: 'When', cell: ({ at }) => <When at={at} /> },
                  {
                    name: 'Subject',
                    cell: ({ id, subject }) => (
                      <a href={`${BASE}/mails/${encodeURIComponent(id)}`}>{subject || '(none)'}</a>
                    ),
                  },
                  { name: 'To', cell: ({ to }) => to.join(', ') },
                  { name: 'From', cell: ({ from }) => from },
                ]}
              />
            )
          }
        </Loaded>
      </section>
    </Page>
  )
}
