import {
  type AnyContract,
  describeEndpoint,
  type EndpointContract,
  failuresOf,
  jsonBodyOf,
  repliesOf,
  type ToolAnnotations,
  type ToolDescription,
  toInput,
  toOutput,
} from '../contract/index.ts'
import { isRequired } from './openapi.ts'
import { type RenderSchema, schemaRenderer } from './openapi-schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** Describes the endpoints that agents may call, by name. */
export const toolDescriptions = (contracts: readonly AnyContract[]): readonly ToolDescription[] =>
  contracts
    .flatMap((contract) => (contract.kind === 'endpoint' && contract.tool ? [toolDescription(contract)] : []))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))

function toolDescription(contract: EndpointContract): ToolDescription {
  const { name, tool } = contract
  // Of several replies, a client could not know which schema applies.
  const [reply, ...others] = repliesOf(contract)
  const { title = titleOf(name) } = Object(tool)
  return {
    ...{ name, title, description: describe(contract), inputSchema: inputSchemaOf(contract) },
    ...(reply?.body && others.length === 0 ? { outputSchema: outputSchemaOf(reply.body) } : {}),
    annotations: annotationsOf(contract),
  }
}

/** `place-order` is "Place order". */
const titleOf = (name: string) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('-', ' ')

function describe(contract: EndpointContract): string {
  const { summary, description } = contract
  const codes = Object.entries(failuresOf(contract)).map(
    ([code, failure]) => `\`${code}\`${failure.description ? ` (${failure.description})` : ''}`,
  )
  const refusals = codes.length === 0 ? [] : [`It may be refused with ${codes.join(', ')}.`]
  return [summary, ...(description ? [description] : []), ...refusals].join('\n\n')
}

/**
 * The arguments in the parts that a call of the typed client has: flat, a name in the path and one in the body would be the
 * same, a body that is a list or a union could not be said, and no issue (`body.quantity`) would say where it is.
 */
function inputSchemaOf(contract: EndpointContract): Json {
  const { name, params, query, headers, idempotent } = contract
  const defs: Record<string, Json> = {}
  const render = schemaRenderer(name, defs, { root: '#/$defs/', named: false })
  const parts = { params, query, headers, body: jsonBodyOf(contract) }
  const rendered = Object.entries(parts).flatMap(([part, schema]) =>
    schema ? [[part, render(toInput(schema), 'input')] as const] : [],
  )
  // A part that is left out has no names.
  const required = Object.entries(parts).flatMap(([part, schema]) =>
    schema && (part === 'body' ? isRequired(schema) : !schema.safeParse({}).success) ? [part] : [],
  )
  const needed = idempotent ? [...required, 'idempotencyKey'] : required
  return {
    type: 'object',
    properties: { ...Object.fromEntries(rendered), ...(idempotent ? { idempotencyKey: IDEMPOTENCY_KEY } : {}) },
    ...(needed.length > 0 ? { required: needed } : {}),
    additionalProperties: false,
    ...(Object.keys(defs).length > 0 ? { $defs: defs } : {}),
  }
}

const IDEMPOTENCY_KEY = {
  ...{ type: 'string', minLength: 1, maxLength: 255 },
  description:
    'A new random UUID for each call. The one of an earlier call only to repeat that call, where it is not known what became of it: ' +
    'it has no second effect then.',
}

function outputSchemaOf(body: Parameters<RenderSchema>[0]): Json {
  const defs: Record<string, Json> = {}
  const schema = schemaRenderer('reply', defs, { root: '#/$defs/', named: false })(toOutput(body), 'output')
  return open({ ...schema, ...(Object.keys(defs).length > 0 ? { $defs: defs } : {}) })
}

/** The same for replies that have more: clients keep a list of tools, and functions are rolled out meanwhile. */
const open = (schema: Json): Json =>
  JSON.parse(
    JSON.stringify(schema, (key, value) => (key === 'additionalProperties' && value === false ? undefined : value)),
  )

/** Methods of which a repetition with the same arguments changes nothing (RFC 9110, 9.2.2). */
const REPEATABLE = ['PUT', 'DELETE']

function annotationsOf(contract: EndpointContract): ToolAnnotations {
  const { readOnly } = describeEndpoint(contract)
  const { method, idempotent, egress = [], tool } = contract
  return {
    readOnlyHint: readOnly,
    destructiveHint: !readOnly && Object(tool).destructive !== false,
    idempotentHint: readOnly || idempotent === true || REPEATABLE.includes(method),
    // What it reaches besides the stores of the platform.
    openWorldHint: egress.length > 0,
  }
}
