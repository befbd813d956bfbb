/** The addresses of the console's pages. */
export const BASE = '/console'

interface NavItem {
  readonly path: string
  readonly title: string
  /** The letter that leads there, after `g`. */
  readonly key: string
}

export const NAVIGATION: Readonly<Record<string, readonly NavItem[]>> = {
  Watch: [
    { path: `${BASE}/functions`, title: 'Functions', key: 'f' },
    { path: `${BASE}/requests`, title: 'Requests', key: 'r' },
    { path: `${BASE}/traces`, title: 'Traces', key: 't' },
    { path: `${BASE}/alerts`, title: 'Alerts', key: 'a' },
    { path: `${BASE}/cost`, title: 'Cost', key: 'c' },
  ],
  Work: [
    { path: `${BASE}/events`, title: 'Events', key: 'e' },
    { path: `${BASE}/invocations`, title: 'Invocations', key: 'i' },
    { path: `${BASE}/schedules`, title: 'Schedules', key: 's' },
    { path: `${BASE}/mails`, title: 'Mail', key: 'm' },
  ],
  Callers: [
    { path: `${BASE}/keys`, title: 'Keys', key: 'k' },
    { path: `${BASE}/plans`, title: 'Plans and usage', key: 'p' },
    { path: `${BASE}/limits`, title: 'Limits and breakers', key: 'l' },
    { path: `${BASE}/cache`, title: 'Cache', key: 'h' },
  ],
  Platform: [
    { path: `${BASE}/contracts`, title: 'Contracts', key: 'd' },
    { path: `${BASE}/settings`, title: 'Settings', key: 'o' },
    { path: `${BASE}/audit`, title: 'Audit', key: 'u' },
  ],
}
