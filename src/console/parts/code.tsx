import { useState } from 'preact/hooks'

interface CodeProps {
  readonly text: string
  /** What it is, for whoever does not see it. */
  readonly label: string
}

/** A text of code or data, to read and to copy. */
export function Code({ text, label }: CodeProps) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <div class="code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard (WCAG 2.1.1) */}
      <section tabIndex={0} aria-label={label}>
        <pre>{text}</pre>
      </section>
      <button type="button" class="small" onClick={() => void copy()}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </div>
  )
}

export const Json = ({ value, label }: { readonly value: unknown; readonly label: string }) => (
  <Code text={JSON.stringify(value, undefined, 2) ?? ''} label={label} />
)
