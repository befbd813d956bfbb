import { useRoute } from 'preact-iso'
import { useData } from '../api/use-data.ts'
import { When } from '../parts/facts.tsx'
import { formatMs } from '../parts/format.ts'
import { Empty, Loaded } from '../parts/loaded.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Waterfall } from './waterfall.tsx'

const TRACE_ID = /^[0-9a-f]{32}$/

/** What happened, from any id of it: the cause first, then the waterfall, then every step in words. */
export function TracePage() {
  const { id = '' } = useRoute().params
  const story = useData('requests.story', { params: { id } })
  const traceId = TRACE_ID.test(id) ? id : story.value?.traceIds[0]
  return (
    <Page title="What happened" lead={<code>{id}</code>}>
      <Section title="Cause">
        <Loaded data={story} rows={2}>
          {({ causes, slowest, startedAt }) => (
            <>
              {causes.length === 0 ? (
                <p>
                  Nothing failed
                  {startedAt ? (
                    <>
                      ; it began <When at={startedAt} />
                    </>
                  ) : (
                    ''
                  )}
                  .
                </p>
              ) : null}
              {causes.map(({ part, says }) => (
                <p key={part + says} class="note bad message">
                  <strong>{part}</strong>: {says}
                </p>
              ))}
              {slowest ? (
                <p class="note warn">
                  <strong>{slowest.part}</strong>: {slowest.says}
                </p>
              ) : null}
            </>
          )}
        </Loaded>
      </Section>
      {traceId === undefined ? null : <Spans traceId={traceId} />}
      <Section title="Every step">
        <Loaded data={story} rows={8}>
          {({ steps, unseen }) => (
            <>
              {steps.length === 0 ? <Empty title="Nothing was recorded" /> : null}
              <ol class="steps">
                {steps.map(({ atMs, durationMs, part, says, failed, error }, index) => (
                  <li key={index}>
                    <span class="soft mono">
                      +{formatMs(atMs)}
                      {durationMs === null ? '' : ` · ${formatMs(durationMs)}`}
                    </span>
                    <span class={failed ? 'failed' : undefined}>
                      <strong>{part}</strong> {says}
                    </span>
                    {error ? <pre>{error}</pre> : null}
                  </li>
                ))}
              </ol>
              {unseen.map((sentence) => (
                <p key={sentence} class="note">
                  {sentence}
                </p>
              ))}
            </>
          )}
        </Loaded>
      </Section>
    </Page>
  )
}

function Spans({ traceId }: { readonly traceId: string }) {
  const trace = useData('traces.show', { params: { id: traceId } })
  const link = trace.value?.link
  return (
    <Section title="Waterfall" actions={link ? <a href={link}>In {URL.parse(link)?.host}</a> : null}>
      <Loaded data={trace} rows={8}>
        {({ rows, durationMs }) => <Waterfall rows={rows} durationMs={durationMs} />}
      </Loaded>
    </Section>
  )
}
