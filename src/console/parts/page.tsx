import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

interface PageProps {
  readonly title: string
  /** What it is for, in one sentence. */
  readonly lead?: ComponentChildren
  /** Buttons beside the title. */
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}

/** One page: whoever gets there by a link, with eyes or without, begins at its title. */
export function Page({ title, lead, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · Ebb console`
    // Not where the page was just opened: the browser begins at its top.
    if (document.activeElement?.closest('nav')) heading.current?.focus()
  }, [title])
  return (
    <>
      <header class="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead ? <p class="lead">{lead}</p> : null}
        </div>
        {actions ? <div class="actions">{actions}</div> : null}
      </header>
      {children}
    </>
  )
}

interface SectionProps {
  readonly title: string
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}

export const Section = ({ title, actions, children }: SectionProps) => (
  <section class="card">
    <header class="card-head">
      <h2>{title}</h2>
      {actions ? <div class="actions">{actions}</div> : null}
    </header>
    {children}
  </section>
)
