import { checkKeys, type Refuse } from './check-common.ts'
import type { EndpointShape } from './endpoint-shape.ts'

const KEYS = ['maxAgeSeconds', 'staleWhileRevalidateSeconds', 'staleIfErrorSeconds', 'shared', 'tags', 'vary']
const YEAR_SECONDS = 31_536_000
const MAX_TAGS = 16
/** As they stand in `Cache-Tag`, a list separated by commas. */
const TAG = /^[!-+\--~]{1,128}$/
const PARAMETER = /\{([^{}]*)\}/g

/** Refuses a `cache` that nothing would obey, or that would show one caller what was made for another. */
export function checkCache({ cache, method, access, headers, params, reads }: EndpointShape, refuse: Refuse) {
  if (cache === undefined) return
  checkKeys(cache, KEYS, refuse)
  refuse(
    method !== 'GET',
    `only the reply to a GET is kept${reads ? ', not that to a POST that reads' : ''}; drop \`cache\``,
  )
  const { maxAgeSeconds, staleWhileRevalidateSeconds = 0, staleIfErrorSeconds = 0, shared, tags = [], vary } = cache
  refuse(!isSeconds(maxAgeSeconds, 1), 'cache.maxAgeSeconds must be whole, and from 1 to a year (31536000)')
  for (const [name, value] of Object.entries({ staleWhileRevalidateSeconds, staleIfErrorSeconds })) {
    refuse(!isSeconds(value, 0), `cache.${name} must be whole, and from 0 to a year (31536000)`)
  }
  refuse(
    shared !== undefined && shared !== true,
    'cache.shared can only be true; leave it out where each caller gets its own',
  )
  refuse(
    !!shared && (!!access.owner || !!access.policy),
    `\`${access.owner ? 'owner' : 'policy'}\` lets the handler decide by who calls, so that no caller may get what was made for another; drop cache.shared`,
  )
  refuse(!Array.isArray(tags) || tags.length > MAX_TAGS, `cache.tags must be a list of at most ${MAX_TAGS}`)
  for (const tag of tags) checkTag(tag, Object.keys(params?.shape ?? {}), refuse)
  for (const name of vary ?? []) {
    refuse(!Object.hasOwn(headers?.shape ?? {}, name), `cache.vary has "${name}", which \`headers\` does not declare`)
  }
}

const isSeconds = (value: number, min: number) => Number.isInteger(value) && value >= min && value <= YEAR_SECONDS

function checkTag(tag: string, params: readonly string[], refuse: Refuse) {
  const text = typeof tag === 'string' ? tag : ''
  refuse(
    !TAG.test(text.replaceAll(PARAMETER, 'x')),
    `cache tag "${tag}" must be 1 to 128 visible characters without a comma`,
  )
  for (const [, name = ''] of text.matchAll(PARAMETER)) {
    refuse(!params.includes(name), `cache tag "${tag}" has {${name}}, which the path does not have`)
  }
}
