import type { Invocations } from './dependencies.ts'

/** A store that accepts every call and knows none. */
export const NO_INVOCATIONS: Invocations = {
  keepSeconds: 86_400,
  accept: async () => ({ status: 'new' }),
  find: async () => undefined,
  list: async () => [],
  cancel: async () => {},
  watch: () => ({ changed: async () => {}, close: () => {} }),
}
