/** What is known of a key: nothing at all where the store is away. */
export interface Found {
  readonly text?: string
  /** Who makes a new value: set where there is none, or only an old one. */
  readonly holder?: string
}

/** Texts with an end, and who may make new ones. Never rejects. */
export interface Store {
  /** Finds a text. Where it ends within `staleMs`, or there is none, `mine` becomes the holder unless there is one. */
  look(key: string, options: { readonly mine: string; readonly staleMs: number }): Promise<Found>
  /** Stores a text, unless the holder is another one by now. */
  put(key: string, text: string, options: { readonly holder: string; readonly forMs: number }): Promise<void>
  release(key: string, holder: string): Promise<void>
  /** Removes a text, and makes DELETED the holder for 2 s. */
  forget(key: string): Promise<void>
  close(): Promise<void>
}

/** The holder of what was just deleted: nobody may store it. */
export const DELETED = 'deleted'

/** Knows nothing. */
export const noStore: Store = {
  look: async () => ({}),
  put: async () => {},
  release: async () => {},
  forget: async () => {},
  close: async () => {},
}
