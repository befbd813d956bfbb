import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { messageOf } from '../api/api-error.ts'
import { useReading } from '../api/use-data.ts'
import { announce } from './announce.ts'

interface AskProps {
  /** Of the button. */
  readonly label: string
  /** The question. */
  readonly title: string
  /** What would happen, found out before anything does. */
  readonly effect: (signal: AbortSignal) => Promise<ComponentChildren> | ComponentChildren
  /** The effect is asked for again when this changes. */
  readonly effectKey?: string
  /** What has to be said beforehand. */
  readonly fields?: ComponentChildren
  /** Whether what was said is enough. */
  readonly isReady?: boolean
  /** Does it. Returns what was done in one sentence, or what is to be seen of it before the dialog is closed. */
  readonly run: () => Promise<string | { readonly show: ComponentChildren }>
  readonly isDangerous?: boolean
  readonly isSmall?: boolean
}

/** A button of whatever changes something: it says what would happen, and does it only when asked again. */
export function Ask(props: AskProps) {
  const { label, isSmall, isDangerous } = props
  const [isOpen, setOpen] = useState(false)
  const kind = [isSmall ? 'small' : '', isDangerous ? 'danger' : ''].join(' ').trim()
  return (
    <>
      <button type="button" class={kind} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        {label}
      </button>
      {isOpen ? <AskDialog {...props} onClose={() => setOpen(false)} /> : null}
    </>
  )
}

function AskDialog({ onClose, ...ask }: AskProps & { readonly onClose: () => void }) {
  const { label, title, fields, effectKey = '', isReady = true, isDangerous = false } = ask
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  const effect = useReading(`${title} ${effectKey}`, async (signal) => ({ shown: await ask.effect(signal) }))
  const [state, setState] = useState<{ isRunning?: boolean; error?: unknown; shown?: ComponentChildren }>({})
  useEffect(() => dialog.current?.showModal(), [])

  const run = async () => {
    setState({ isRunning: true })
    try {
      const result = await ask.run()
      if (typeof result !== 'string') return setState({ shown: result.show })
      announce(result)
      onClose()
    } catch (error) {
      setState({ error })
    }
  }
  const submit = (event: Event) => {
    event.preventDefault()
    void run()
  }
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={titleId}>{title}</h2>
        {state.shown ? (
          <div role="status">{state.shown}</div>
        ) : (
          <>
            {fields}
            <div class="effect" aria-live="polite">
              {effect.error ? (
                <p class="message bad-text">{messageOf(effect.error)}</p>
              ) : (
                (effect.value?.shown ?? <p class="soft">Finding out what it would do …</p>)
              )}
            </div>
            {state.error ? (
              <p class="note bad message" role="alert">
                {messageOf(state.error)}
              </p>
            ) : null}
          </>
        )}
        <div class="actions">
          <button type="button" onClick={onClose}>
            {state.shown ? 'Close' : 'Cancel'}
          </button>
          {state.shown ? null : (
            <button
              type="submit"
              class={isDangerous ? 'danger' : 'primary'}
              disabled={
                !isReady || effect.value === undefined || effect.error !== undefined || state.isRunning === true
              }
            >
              {label}
            </button>
          )}
        </div>
      </form>
    </dialog>
  )
}
