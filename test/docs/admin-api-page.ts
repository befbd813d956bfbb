import { createAdminDocument } from '../../services/gateway/admin/admin-document.ts'
import type { AdminEndpoint } from '../../src/protocol/admin/admin-endpoint.ts'
import { ADMIN_ENDPOINTS } from '../../src/protocol/admin/index.ts'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly format?: string
}

interface Operation {
  readonly parameters: readonly { name: string; in: string; required: boolean; description?: string; schema: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<Record<string, { description: string; content?: Record<string, { schema: Schema }> }>>
}

/** docs/reference/admin-api.md: each endpoint of the admin API, as its document describes it. */
export function adminApiPage(): string {
  // Written by createAdminDocument, which has these parts.
  const { paths } = createAdminDocument() as { paths: Record<string, Record<string, Operation>> }
  const sections = ADMIN_ENDPOINTS.map((endpoint) => {
    const operation = paths[endpoint.path]?.[endpoint.method.toLowerCase()]
    return operation ? sectionOf(endpoint, operation) : ''
  })
  return `# The admin API

Of each gateway, on a port of its own (\`EBB_ADMIN_PORT\`), which callers must never reach. Requests carry the admin key (\`EBB_ADMIN_KEY\`) as
\`Authorization: Bearer\`, or an access token of \`EBB_ISSUERS\` that has the scope \`EBB_ADMIN_SCOPE\`. Every change is a row of \`ebb audit\`, with who made it. The
gateway serves this page as an OpenAPI 3.1 document at \`/openapi.json\` of that port; \`npm test -- test/docs -u\` writes it.

${sections.join('\n')}`
}

function sectionOf({ method, path, summary, description, change, open }: AdminEndpoint, operation: Operation): string {
  const { parameters, requestBody, responses } = operation
  const body = requestBody?.content['application/json']?.schema
  const [status = '', success] = Object.entries(responses)[0] ?? []
  const reply = success?.content?.['application/json']?.schema
  const refusals = Object.entries(responses).slice(1)
  const notes = [...(open ? ['It takes no key.'] : []), ...(change ? [`In the audit it is \`${change}\`.`] : [])]
  const rows = [
    ...parameters.map(({ name, in: place, required, schema, description }) =>
      rowOf(name, place, required, { ...schema, ...(description ? { description } : {}) }),
    ),
    ...propertiesOf(body).map(([name, schema]) => rowOf(name, 'body', body?.required?.includes(name) ?? false, schema)),
  ]
  return [
    `## ${method} ${path}\n`,
    `${[summary, ...(description ? [description] : []), ...notes].join(' ')}\n`,
    ...(rows.length > 0 ? ['| name | in | value | |', '| --- | --- | --- | --- |', ...rows, ''] : []),
    `It replies with ${status}${reply ? `: ${typeOf(reply)}` : ''}; or with ${refusals
      .map(([status, { description }]) => `${status} ${description}`)
      .join(', ')}.\n`,
  ].join('\n')
}

const propertiesOf = (schema: Schema | undefined) => Object.entries(schema?.properties ?? {})

const rowOf = (name: string, place: string, required: boolean, schema: Schema) =>
  `| \`${name}\`${required ? '' : '?'} | ${place} | ${typeOf(schema).replaceAll('|', '\\|')} | ${schema.description ?? ''} |`

/** A schema in a few words, to the first level. */
function typeOf({ type, enum: values, properties, items, anyOf, format }: Schema): string {
  if (values) return values.map((value) => `\`${value}\``).join(', ')
  if (anyOf) return [...new Set(anyOf.map(typeOf))].join(' or ')
  if (items) return `a list of ${typeOf(items)}`
  if (properties) return `\`{ ${Object.keys(properties).join(', ')} }\``
  return format ?? type ?? 'anything'
}
