import { purgeCache } from '../protocol/admin/cache.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult } from './admin-client.ts'
import { type Form, form } from './form.ts'
import { UsageError } from './usage-error.ts'

export const purgeCommand: readonly Form[] = [
  form({
    description: 'Have all gateways forget stored responses, of all callers: name one of the three.',
    options: {
      tag: { value: 'TAG', description: 'Those with this tag.' },
      route: { value: 'NAME', description: 'Those of this function or proxy.' },
      url: { value: 'URL', description: 'Those of this path and query.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['purge --tag product:17', 'purge --route list-products', 'purge --url "/v1/products?limit=20"'],
    run: (project, options) => purge(project, options),
  }),
]

interface PurgeOptions extends AdminOptions {
  readonly tag?: string | undefined
  readonly route?: string | undefined
  readonly url?: string | undefined
}

async function purge(project: string, { tag, route, url, ...options }: PurgeOptions) {
  const given = Object.entries({ tag, route, url }).filter((entry) => entry[1] !== undefined)
  const [[kind, value] = []] = given
  if (given.length !== 1) throw new UsageError('purge takes one of --tag, --route and --url.')
  const body = { [`${kind}`]: value }
  await callAdmin(project, purgeCache, { body }, options)
  printResult({ purged: body }, () => [`every gateway forgets what it has of the ${kind} ${value}`], options)
}
