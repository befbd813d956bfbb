interface PagerProps {
  /** What the page shown begins before; empty where it is the first. */
  readonly before: string
  /** What the next page begins before; there is none where it is undefined. */
  readonly next: string | number | undefined
  readonly onBefore: (before: string) => void
}

/** The ways from one page of a list, whose newest come first, to others. */
export const Pager = ({ before, next, onBefore }: PagerProps) => (
  <div class="actions">
    {before ? (
      <button type="button" class="small" onClick={() => onBefore('')}>
        Newest
      </button>
    ) : null}
    {next === undefined ? null : (
      <button type="button" class="small" onClick={() => onBefore(String(next))}>
        Older
      </button>
    )}
  </div>
)
