import { useState } from 'preact/hooks'
import { call } from '../api/call.ts'
import { Ask } from '../parts/ask.tsx'
import { Field } from '../parts/field.tsx'
import { NewToken } from './new-token.tsx'

const wordsOf = (text: string) => text.split(/[\s,]+/).filter(Boolean)

/** Makes a key for somebody. */
export function CreateKey({ onDone }: { readonly onDone: () => Promise<void> }) {
  const [fields, setFields] = useState({ subject: '', scopes: '', tenant: '', plan: '', name: '' })
  const field = (name: keyof typeof fields, label: string, hint?: string) => (
    <Field
      label={label}
      value={fields[name]}
      onValue={(value) => setFields({ ...fields, [name]: value })}
      {...(hint ? { hint } : {})}
    />
  )
  const { subject, scopes, ...rest } = fields
  const more = Object.fromEntries(Object.entries(rest).filter(([, value]) => value.trim() !== ''))
  return (
    <Ask
      label="New key"
      title="Make a key?"
      effectKey={JSON.stringify(fields)}
      isReady={subject.trim() !== ''}
      fields={
        <>
          {field('subject', 'Subject', 'Whom requests with it come from.')}
          {field('scopes', 'Scopes', 'Such as orders:read orders:write; none is a key that may do what any key may.')}
          <div class="columns">
            {field('tenant', 'Tenant')}
            {field('plan', 'Plan')}
          </div>
          {field('name', 'What you call it')}
        </>
      }
      effect={() => (
        <p>
          {subject.trim() || 'Somebody'} may call with {scopes.trim() ? wordsOf(scopes).join(', ') : 'no scope'} until
          the key is revoked. Its token is shown once.
        </p>
      )}
      run={async () => {
        const { token } = await call('keys.create', {
          body: { subject: subject.trim(), scopes: wordsOf(scopes), ...more },
        })
        await onDone()
        return { show: <NewToken token={token} /> }
      }}
    />
  )
}
