import { laterPosition, POSITION_SECONDS } from '../protocol/position.ts'

/** Keeps the position of a client's last write, so that its reads miss none of its writes, for as long as they could. */
export function keepPosition() {
  let kept: string | undefined
  let until = 0
  const current = () => (Date.now() < until ? kept : undefined)
  return {
    current,
    /** Takes what a response brings. Responses may come in another order than their writes were made. */
    take: (brought: string | null) => {
      if (brought === null) return
      kept = laterPosition([current(), brought])
      until = Date.now() + POSITION_SECONDS * 1_000
    },
  }
}
