import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../api/api-error.ts'
import { call, onRefused } from '../api/call.ts'
import type { ReplyOf } from '../api/operations.ts'
import { Field } from '../parts/field.tsx'

type Session = ReplyOf<'session.show'>

/** Shows the console to whoever is logged in; everybody else is led to the issuer, or asked for a key. */
export function RequireLogin({ children }: { readonly children: ComponentChildren }) {
  const [session, setSession] = useState<Session>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    const show = () => call('session.show', {}).then(setSession, setError)
    void takeOneTimeKey().catch(setError).then(show)
    return onRefused(() => void show())
  }, [])
  if (!session) return error ? <Login error={error} onBegun={setSession} /> : null
  if (session.actor !== null) return <>{children}</>
  if (session.login === null) return <Login error={error} onBegun={setSession} />
  location.assign(session.login)
  return null
}

/** The key of an address that was opened is taken out of it at once, so that it stands in no history. */
async function takeOneTimeKey(): Promise<void> {
  const key = new URLSearchParams(location.hash.slice(1)).get('key')
  if (key === null) return
  history.replaceState(null, '', location.pathname + location.search)
  await call('session.begin', { body: { key } })
}

interface LoginProps {
  /** Why the page has asked. */
  readonly error: unknown
  readonly onBegun: (session: Session) => void
}

function Login({ error: reason, onBegun }: LoginProps) {
  const [adminKey, setAdminKey] = useState('')
  const [error, setError] = useState(reason)
  const submit = async (event: Event) => {
    event.preventDefault()
    try {
      // It is sent once, for a session of this browser, and kept nowhere.
      const { key } = await call('session.key', {}, { authorization: `Bearer ${adminKey.trim()}` })
      onBegun(await call('session.begin', { body: { key } }))
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <main class="login">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>Ebb console</h1>
        <p class="soft">
          <code>npx ebb console</code> prints an address that opens it. The admin key does, too.
        </p>
        <Field label="Admin key" type="password" value={adminKey} onValue={setAdminKey} isRequired />
        {error ? (
          <p class="note bad message" role="alert">
            {messageOf(error)}
          </p>
        ) : null}
        <div class="actions">
          <button type="submit" class="primary">
            Open
          </button>
        </div>
      </form>
    </main>
  )
}
