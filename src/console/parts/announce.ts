/** Says what was done, on the page and to screen readers, for some seconds. */
export function announce(text: string): void {
  for (const listener of listeners) listener(text)
}

const listeners = new Set<(text: string) => void>()

export function onAnnounced(listener: (text: string) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
