import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { call } from '../api/call.ts'
import { NAVIGATION } from '../pages/paths.ts'
import { onAnnounced } from '../parts/announce.ts'
import { KeysHelp, useShortcuts } from './shortcuts.tsx'

const SAID_MS = 6_000

/** What stands around every page: the way to all others, and what was just done. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { path } = useLocation()
  const [isOpen, setOpen] = useState(false)
  const [isHelpShown, setHelpShown] = useState(false)
  useShortcuts(() => setHelpShown(true))
  useEffect(() => setOpen(false), [path])
  return (
    <div class="shell">
      <a class="skip" href="#content">
        To the content
      </a>
      <header class="side">
        <div class="brand">
          <span>
            Ebb <span class="soft">console</span>
          </span>
          <button
            type="button"
            class="menu small"
            aria-expanded={isOpen}
            aria-controls="navigation"
            onClick={() => setOpen(!isOpen)}
          >
            Menu
          </button>
        </div>
        <nav id="navigation" aria-label="Pages" class={isOpen ? 'open' : undefined}>
          {Object.entries(NAVIGATION).map(([group, items]) => (
            <div key={group}>
              <p class="group">{group}</p>
              <ul>
                {items.map((item) => (
                  <li key={item.path}>
                    <a href={item.path} aria-current={isWithin(path, item.path) ? 'page' : undefined}>
                      {item.title}
                    </a>
                  </li>
                ))}
              </ul>
            </div>
          ))}
          <button type="button" class="small quiet" onClick={() => setHelpShown(true)}>
            Shortcuts <kbd>?</kbd>
          </button>
          <button type="button" class="small quiet" onClick={() => void logOut()}>
            Log out
          </button>
        </nav>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Said />
      {isHelpShown ? <KeysHelp onClose={() => setHelpShown(false)} /> : null}
    </div>
  )
}

/** The page begins anew, and finds that nobody is logged in. */
async function logOut(): Promise<void> {
  await call('session.end', {}).catch(() => undefined)
  location.reload()
}

const isWithin = (path: string, item: string) => path === item || path.startsWith(`${item}/`)

function Said() {
  const [text, setText] = useState('')
  useEffect(() => onAnnounced(setText), [])
  useEffect(() => {
    const timer = setTimeout(() => setText(''), SAID_MS)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <div class="said" role="status">
      {text ? <p>{text}</p> : null}
    </div>
  )
}
