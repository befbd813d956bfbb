import { useEffect, useRef } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { NAVIGATION } from '../pages/paths.ts'

const ITEMS = Object.values(NAVIGATION).flat()
/** How long after `g` its letter may come. */
const PREFIX_MS = 1_500

/** `g` and a letter opens a page, `/` goes to the first filter, `?` lists them; never while somebody types. */
export function useShortcuts(onHelp: () => void): void {
  const { route } = useLocation()
  const prefixedAt = useRef(0)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target, key, ctrlKey, metaKey, altKey } = event
      const isTyping = target instanceof Element && target.closest('input, textarea, select, dialog')
      if (isTyping || ctrlKey || metaKey || altKey) return
      const item = Date.now() - prefixedAt.current < PREFIX_MS && ITEMS.find((one) => one.key === key)
      prefixedAt.current = key === 'g' ? Date.now() : 0
      if (item) route(item.path)
      else if (key === '?') onHelp()
      else if (key === '/') document.querySelector<HTMLElement>('main search input, main search select')?.focus()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [route, onHelp])
}

export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog ref={dialog} aria-labelledby="keys-title" onClose={onClose}>
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {ITEMS.map(({ key, title }) => (
          <div key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>Filter this page</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>Close a question</dd>
        </div>
      </dl>
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  )
}
