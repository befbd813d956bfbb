import * as z from 'zod'
import { ConfigError } from '../../kernel/config-error.ts'

/** Signatures by a pair of keys. Nothing that whoever may verify could sign: no HS*, and no `none`. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/
/** Public names always have a dot: these are names of the cluster, or of the machine itself. */
const INTERNAL_HOST = /^(?:[^.]+|[^.]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\]|.+\.svc(?:\.cluster\.local)?)$/

const schema = () => {
  const text = z.string().min(1).max(1_000)
  const list = z.array(text).min(1)
  const url = text.refine((value) => isPlainUrl(value), 'must be a URL without user, query and fragment')
  const path = z
    .union(
      [text.transform((dotted) => dotted.split('.')), list],
      'must be a path such as realm_access.roles, or a list of its parts',
    )
    .refine((parts) => parts.every((part) => part !== ''), 'must not have an empty part')
  const tenant = text.regex(TENANT, `must match ${TENANT.source}`)
  const claims = z.strictObject({
    scopes: path.default(['scope']),
    ...{ roles: path.optional(), tenant: path.optional(), plan: path.optional() },
  })
  const introspection = z.strictObject({
    endpoint: url.optional(),
    clientId: text,
    maxAgeSeconds: z.int().min(1).max(300).default(30),
  })
  const issuer = z.strictObject({
    issuer: url,
    audience: z.union([text.transform((one) => [one]), list], 'must be a text or a list of texts'),
    algorithms: z
      .array(
        z.enum(ALGORITHMS, `must be one of ${ALGORITHMS.join(', ')}: with none or HS* whoever verifies could sign`),
      )
      .min(1),
    types: z
      .array(z.enum(['at+jwt', 'JWT']))
      .min(1)
      .default(['at+jwt']),
    claims: claims.prefault({}),
    roleScopes: z.record(text, z.array(text)).default({}),
    tenant: tenant.optional(),
    subjectPrefix: z
      .string()
      .regex(/^[\w.@:+|-]{0,64}$/, 'must be at most 64 of letters, digits and _ . @ : + | -')
      .default(''),
    clients: list.optional(),
    clockToleranceSeconds: z.int().min(0).max(300).default(60),
    refreshSeconds: z.int().min(1).max(86_400).optional(),
    jwksUri: url.optional(),
    allowHttp: z.boolean().default(false),
    introspection: introspection.optional(),
  })
  return z.array(issuer).min(1).max(20)
}

/** One issuer whose access tokens are accepted, with its defaults filled in. */
export type IssuerSettings = z.output<ReturnType<typeof schema>>[number]

/**
 * Checks what EBB_ISSUERS, or another setting, holds, parsed as JSON. Throws one ConfigError with a line for each problem.
 */
export function parseIssuers(value: unknown, setting = 'EBB_ISSUERS'): readonly IssuerSettings[] {
  const parsed = schema().safeParse(value)
  if (!parsed.success) {
    const lines = parsed.error.issues.map(
      ({ path, message }) => `${setting}: ${['issuer', ...path].join('.')}: ${message}`,
    )
    throw new ConfigError(lines.join('\n'))
  }
  const problems = parsed.data.flatMap((settings) => [...findUrlProblems(settings), ...findClaimProblems(settings)])
  problems.push(...findSharedNames(parsed.data))
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${setting}: ${problem}`).join('\n'))
  return parsed.data
}

/** Whether keys and secrets may be exchanged with this address. */
export function isTrustedUrl(address: string, { allowHttp }: Pick<IssuerSettings, 'allowHttp'>): boolean {
  const url = URL.parse(address)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && allowHttp && INTERNAL_HOST.test(url.hostname))
}

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && !/[?#@]/.test(value)
}

function findUrlProblems({ issuer, jwksUri, introspection, allowHttp }: IssuerSettings): readonly string[] {
  return [issuer, jwksUri, introspection?.endpoint].flatMap((url) =>
    url === undefined || isTrustedUrl(url, { allowHttp })
      ? []
      : [
          `${url} must be https; http is for loopback and names inside the cluster, with "allowHttp": true, since keys that come over it are whoever's is on the way`,
        ],
  )
}

const findClaimProblems = ({ issuer, tenant, claims, roleScopes }: IssuerSettings): readonly string[] => [
  ...(tenant !== undefined && claims.tenant !== undefined
    ? [`${issuer}: has both tenant and claims.tenant; keep one of them`]
    : []),
  ...(Object.keys(roleScopes).length > 0 && claims.roles === undefined
    ? [`${issuer}: has roleScopes, but no claims.roles says where its tokens have roles`]
    : []),
]

/** What would let one issuer name the callers of another. */
function findSharedNames(issuers: readonly IssuerSettings[]): readonly string[] {
  const problems: string[] = []
  for (const [i, one] of issuers.entries()) {
    for (const other of issuers.slice(0, i)) {
      const [a, b] = [one.subjectPrefix, other.subjectPrefix]
      if (one.issuer === other.issuer) problems.push(`${one.issuer} is there twice; keep one`)
      else if (a === b || (a !== '' && b !== '' && (a.startsWith(b) || b.startsWith(a))))
        problems.push(
          `${other.issuer} and ${one.issuer} could name each other's callers; give each a subjectPrefix that does not begin with the other's (one may be empty)`,
        )
    }
  }
  // An opaque token does not say whose it is, and must not be shown to anybody else.
  if (issuers.filter(({ introspection }) => introspection).length > 1)
    problems.push('only one issuer can have introspection, since an opaque token does not say whose it is')
  return problems
}
