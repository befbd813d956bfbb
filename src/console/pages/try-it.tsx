import { useState } from 'preact/hooks'
import { messageOf } from '../api/api-error.ts'
import { call } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { Ask } from '../parts/ask.tsx'
import { Code } from '../parts/code.tsx'
import { Badge, Status } from '../parts/facts.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { formatMs } from '../parts/format.ts'
import { Section } from '../parts/page.tsx'
import { bodyOf, type Operation } from './operation.ts'

type Route = ReplyOf<'routes.list'>['routes'][number]
type Explained = ReplyOf<'requests.explain'>

interface TryItProps {
  readonly route: Route
  readonly operation: Operation
}

const text = (value: unknown) =>
  typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value, undefined, 2)

/** A request to this endpoint: what the gateway would do with it, and what comes of it when it is sent. */
export function TryIt({ route, operation }: TryItProps) {
  const parameters = parametersOf(operation, route)
  const examples = Object.entries(bodyOf(operation)?.examples ?? {})
  const [values, setValues] = useState(() => Object.fromEntries(parameters.map(({ name, initial }) => [name, initial])))
  const [body, setBody] = useState(text(examples[0]?.[1].value ?? bodyOf(operation)?.example))
  const [credential, setCredential] = useState('')
  const [explained, setExplained] = useState<Explained>()
  const [error, setError] = useState<unknown>()

  const query = parameters.filter(({ name, place }) => place === 'query' && values[name])
  const target =
    route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] || '-')) +
    (query.length > 0 ? `?${new URLSearchParams(query.map(({ name }) => [name, values[name] ?? '']))}` : '')
  const takesBody = route.hasBody === true || operation.requestBody !== undefined
  const hasBody = takesBody && body.trim() !== ''
  const type = Object.keys(operation.requestBody?.content ?? {})[0] ?? 'application/json'
  const request = {
    ...{ method: route.method === '*' ? 'GET' : route.method, target },
    headers: {
      ...(credential.trim() === ''
        ? {}
        : credential.startsWith('ebb_')
          ? { 'x-api-key': credential.trim() }
          : { authorization: `Bearer ${credential.trim()}` }),
      ...(values[IDEMPOTENCY_KEY] ? { 'idempotency-key': values[IDEMPOTENCY_KEY] } : {}),
      ...(hasBody ? { 'content-type': type } : {}),
    },
    ...(hasBody ? { body } : {}),
  }
  const explain = async () => {
    try {
      setError(undefined)
      setExplained(await call('requests.explain', { body: request }))
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <Section title="Try it">
      <div class="columns">
        <div>
          <Field
            label="API key or access token"
            type="password"
            value={credential}
            onValue={setCredential}
            hint={`Kept on this page only. It takes ${route.access}.`}
          />
          {parameters.map(({ name, required }) => (
            <Field
              key={name}
              label={required ? `${name}, needed` : name}
              value={values[name] ?? ''}
              onValue={(value) => setValues({ ...values, [name]: value })}
            />
          ))}
        </div>
        {!takesBody ? null : (
          <div>
            {examples.length > 1 ? (
              <Choice
                label="Example"
                value=""
                options={Object.fromEntries([['', 'Choose one'], ...examples.map(([name]) => [name, name])])}
                onValue={(name) => setBody(text(bodyOf(operation)?.examples?.[name]?.value))}
              />
            ) : null}
            <Field label="Body" value={body} onValue={setBody} lines={10} />
          </div>
        )}
      </div>
      <p class="mono">
        {request.method} {target}
      </p>
      <div class="actions">
        <button type="button" onClick={() => void explain()}>
          Explain
        </button>
        <Ask
          label="Send"
          title={`Send ${request.method} ${route.path}?`}
          effectKey={JSON.stringify(request)}
          effect={async (signal) => <Verdict of={await call('requests.explain', { body: request }, { signal })} />}
          run={async () => ({ show: <Response of={await call('requests.send', { body: request })} /> })}
        />
      </div>
      {error ? <p class="note bad message">{messageOf(error)}</p> : null}
      {explained ? <Steps of={explained} /> : null}
    </Section>
  )
}

/** What has to be typed: what the document names, and without one the path's own. */
function parametersOf({ parameters = [] }: Operation, { path, idempotent }: Route): readonly Parameter[] {
  if (parameters.length === 0) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const key = { name: IDEMPOTENCY_KEY, place: 'header', required: true, initial: crypto.randomUUID() }
    return [
      ...names.map((name) => ({ name, place: 'path', required: true, initial: '' })),
      ...(idempotent ? [key] : []),
    ]
  }
  return parameters.flatMap(({ name = '', in: place = '', required = false, schema }) => {
    if (name === IDEMPOTENCY_KEY) return [{ name, place, required, initial: crypto.randomUUID() }]
    if (place !== 'path' && place !== 'query') return []
    return [{ name, place, required, initial: place === 'path' ? text(schema?.example) : '' }]
  })
}

interface Parameter {
  readonly name: string
  readonly place: string
  readonly required: boolean
  readonly initial: string
}
const IDEMPOTENCY_KEY = 'Idempotency-Key'

/** What would become of a request, in a sentence. */
const Verdict = ({ of: { outcome, forwardsTo } }: { readonly of: Explained }) =>
  outcome ? (
    <p>
      The gateway would answer it itself with <Status status={outcome.status} />{' '}
      {outcome.error ? <code>{outcome.error}</code> : null}, at the step {outcome.by}. No function is called.
    </p>
  ) : forwardsTo ? (
    <p>It is a real request: it calls the function, starts it where it sleeps, and does what it does for any caller.</p>
  ) : (
    <p>Only the request itself could tell what becomes of it; it may call the function.</p>
  )

const Steps = ({ of }: { readonly of: Explained }) => (
  <>
    <div class="note">
      <Verdict of={of} />
    </div>
    <details>
      <summary>Every step of the gateway</summary>
      <ol class="steps">
        {of.steps.map(({ step, decision, why }) => (
          <li key={step}>
            <span>
              <Badge tone={decision === 'passes' ? 'good' : decision === 'answers' ? 'warn' : 'calm'}>{decision}</Badge>
            </span>
            <span>
              <strong>{step}</strong> {why}
            </span>
          </li>
        ))}
      </ol>
    </details>
  </>
)

function Response({ of: { status, headers, body, isCut, durationMs } }: { readonly of: ReplyOf<'requests.send'> }) {
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return (
    <>
      <p>
        <Status status={status} /> after {formatMs(durationMs)}
        {isCut ? '; the first MiB of its body:' : ''}
      </p>
      <Code text={pretty(body) || '(no body)'} label="Body of the response" />
      <details>
        <summary>Headers</summary>
        <Code text={head.join('\n')} label="Headers of the response" />
      </details>
    </>
  )
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), undefined, 2)
  } catch {
    return body
  }
}
