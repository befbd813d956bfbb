import { useRoute } from 'preact-iso'
import { useData } from '../api/use-data.ts'
import { Code } from '../parts/code.tsx'
import { Facts, When } from '../parts/facts.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { BASE } from './paths.ts'

/** One mail, as its reader sees it. */
export function MailPage() {
  const { params } = useRoute()
  const id = params.id ?? ''
  const mail = useData('mails.show', { params: { id } })
  return (
    <Page title={mail.value?.subject || 'Mail'} lead={<a href={`${BASE}/mails`}>All mail</a>}>
      <Loaded data={mail} rows={6}>
        {({ at, from, to, text, html, traceId, correlationId }) => (
          <>
            <Section title="Envelope">
              <Facts
                of={{
                  From: from,
                  To: to.join(', '),
                  Written: <When at={at} />,
                  Request: correlationId ? (
                    <a href={`${BASE}/traces/${traceId ?? correlationId}`}>{correlationId}</a>
                  ) : null,
                }}
              />
            </Section>
            {html === null ? null : (
              <Section title="HTML">
                <iframe
                  class="mail"
                  sandbox=""
                  title="The mail as HTML"
                  src={`/v1/mails/${encodeURIComponent(id)}/html`}
                />
              </Section>
            )}
            <Section title="Text">
              <Code text={text} label="The mail as text" />
            </Section>
          </>
        )}
      </Loaded>
    </Page>
  )
}
