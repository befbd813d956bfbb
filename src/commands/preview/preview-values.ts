import type { AnyContract } from '../../contract/index.ts'
import { isFunction } from '../../contract/index.ts'
import { mergeValues, type Values } from '../../deploy/environments/index.ts'
import { type PreviewNames, ROLES } from './preview-names.ts'
import { SERVER_ADDRESS } from './previews-server.ts'

/** The Secret with the made-up values of what contracts name in `secrets`. */
export const FUNCTION_SECRETS = 'preview-functions'

/** The Secret with the URL by which a role logs in. */
export const loginSecret = (role: string) => `preview-postgres-${role}`

interface ValuesOptions {
  /** Whether Knative may leave a function without a pod from the start. */
  readonly startsAtZero: boolean
}

/** The values of the chart for a preview: those that are given, but for what makes it one. */
export function previewValues(
  given: Values,
  contracts: readonly AnyContract[],
  { roles }: PreviewNames,
  { startsAtZero }: ValuesOptions,
): Values {
  const logins = ROLES.map((role) => [
    role,
    { existingSecret: loginSecret(role), ...(role === 'owner' ? {} : { role: roles[role] }) },
  ])
  const atZero = { scale: { min: 0, max: 1 } }
  const own: Values = {
    ...{ engine: 'knative', scaleToZero: true, fullnameOverride: 'ebb', keepOnUninstall: false },
    gateway: { httpRoute: { enabled: false }, ingress: { enabled: false }, tls: { existingSecret: '' } },
    console: { enabled: false },
    broker: {
      url: '',
      name: '',
      class: '',
      audience: '',
      existingSecret: '',
      headersSecret: '',
      identity: { issuer: '' },
    },
    redis: { mode: 'none' },
    postgres: {
      ...{ mode: 'external', pooler: 'none', readReplicas: 'none', external: { egress: [SERVER_ADDRESS] } },
      ...Object.fromEntries(logins),
    },
    // What the values say of one function stands over what they say of all.
    functions: Object.fromEntries(contracts.filter(isFunction).map(({ name }) => [name, atZero])),
    allFunctions: startsAtZero ? { podAnnotations: { 'autoscaling.knative.dev/initial-scale': '0' } } : {},
  }
  // Of two maps it makes a map.
  return mergeValues(mergeValues({ functionSecrets: { existingSecret: FUNCTION_SECRETS } }, given), own) as Values
}
