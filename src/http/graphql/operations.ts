import {
  buildASTSchema,
  type DocumentNode,
  executeSync,
  type GraphQLError,
  getOperationAST,
  getVariableValues,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql'
import { type GraphqlLimits, Problem } from '../../contract/index.ts'
import { createBoundedMap } from '../../kernel/bounded-map.ts'
import { countNesting } from './count-nesting.ts'
import { asksOnlyOfSchema, measureOperation } from './measure-operation.ts'
import type { OperationError, OperationRequest, PrepareOperation, Refusal } from './prepared-operation.ts'

/** What any text may be: longer ones are not read. */
const MAX_TEXT_LENGTH = 64 * 1_024
const MAX_TOKENS = 2_000
const MAX_COMMENTS = 500
/** Of braces, brackets and parentheses, before anything is parsed: the parser goes as deep as they do. */
const MAX_NESTING = 200
/** How many errors one refusal names. */
const MAX_ERRORS = 20
/** Texts that have been validated, and up to which length. */
const MAX_KNOWN = 200
const MAX_KNOWN_LENGTH = 16 * 1_024

/**
 * Prepares the operations of one GraphQL endpoint, for gateway and function alike: by the text's size, its tokens, its depth and
 * its cost, each before what costs more, and last by the schema.
 */
export function createOperations(limits: GraphqlLimits): PrepareOperation {
  const schema = buildASTSchema(parse(limits.schema, { noLocation: true }), { assumeValidSDL: true })
  const known = createBoundedMap<string, DocumentNode>(MAX_KNOWN)
  const rules = limits.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]
  const hideSuggestions = !limits.introspection

  function textOf(request: OperationRequest): string | Refusal {
    const { documents, only } = limits.persisted
    const id = request.documentId ?? persistedQueryOf(request)
    if (id !== undefined) {
      const text = Object.hasOwn(documents, id) ? documents[id] : undefined
      if (text !== undefined) return text
      if (only || typeof request.query !== 'string')
        return refuse('operation_not_known', 'No persisted operation has this id.')
    }
    if (typeof request.query !== 'string')
      return refuse(
        'invalid_request',
        'Send `query`, the text of an operation, or `documentId`, the id of a persisted one.',
      )
    const { query } = request
    if (only && !Object.values(documents).includes(query))
      return refuse('operation_not_known', 'Only persisted operations may be sent here; name one by `documentId`.')
    return query
  }

  function documentOf(text: string): DocumentNode | Refusal {
    const parsed = known.get(text)
    if (parsed) return parsed
    if (text.length > MAX_TEXT_LENGTH)
      return refuse('operation_too_large', `An operation has at most ${MAX_TEXT_LENGTH} characters.`)
    if (countNesting(text) > MAX_NESTING)
      return refuse('operation_too_large', `Braces, brackets and parentheses nest at most ${MAX_NESTING} deep.`)
    try {
      return parse(text, { maxLexicalTokens: MAX_TOKENS, maxComments: MAX_COMMENTS })
    } catch (error) {
      return isTooLong(error)
        ? refuse('operation_too_large', `An operation has at most ${MAX_TOKENS} tokens, and ${MAX_COMMENTS} comments.`)
        : invalid([error as GraphQLError])
    }
  }

  return function prepareOperation(request) {
    const text = textOf(request)
    if (typeof text !== 'string') return text
    const document = documentOf(text)
    if ('problem' in document) return document
    const operationName = request.operationName ?? undefined
    const definition = getOperationAST(document, operationName)
    if (!definition)
      return invalid([
        {
          message:
            operationName === undefined
              ? 'Say by `operationName` which of the operations is to run.'
              : 'No operation has this name.',
        },
      ])
    const variables = request.variables ?? {}
    const { depth, cost, lookups } = measureOperation({ schema, document, definition, variables })
    if (depth > limits.depth)
      return refuse('operation_too_deep', `An operation is at most ${limits.depth} deep, and this one is ${depth}.`)
    if (cost > limits.cost)
      return refuse('operation_too_costly', `An operation costs at most ${limits.cost}, and this one ${written(cost)}.`)
    if (!known.has(text)) {
      const errors = validate(schema, document, rules, { maxErrors: MAX_ERRORS, hideSuggestions })
      if (errors.length > 0) return invalid(errors)
      if (text.length <= MAX_KNOWN_LENGTH) known.set(text, document)
    }
    if (definition.operation === 'subscription' && lookups > 1) return invalid([LOOKS_UP])
    const coerced = getVariableValues(schema, definition.variableDefinitions ?? [], variables, {
      ...{ maxErrors: MAX_ERRORS, hideSuggestions },
    })
    if (coerced.errors) return { ...invalid(coerced.errors), isAboutVariables: true }
    const whole = text.includes('@defer') ? withoutDefer(document) : document
    const run = { schema, document: whole, operationName, variableValues: variables }
    const answerBySchema = asksOnlyOfSchema(document, definition) ? () => executeSync(run) : undefined
    return { schema, document, whole, definition, operationName, variables, depth, cost, answerBySchema }
  }
}

const withoutDefer = (document: DocumentNode): DocumentNode =>
  visit(document, { Directive: ({ name }) => (name.value === 'defer' ? null : undefined) })

/** The id of a persisted operation as clients of Apollo send it. */
function persistedQueryOf({ extensions }: OperationRequest): string | undefined {
  const { sha256Hash } = Object(extensions?.persistedQuery) as { readonly sha256Hash?: unknown }
  return typeof sha256Hash === 'string' ? sha256Hash : undefined
}

/** The parser says so by its message alone. */
const isTooLong = (error: unknown) =>
  error instanceof Error && /Parsing aborted|more than \d+|exceed/i.test(error.message)

const written = (cost: number) => (cost < 1e9 ? Math.ceil(cost) : 'more than a billion')

function refuse(code: string, message: string): Refusal {
  return { problem: new Problem(code, 400, message), errors: [{ message }], isInvalid: false, isAboutVariables: false }
}

function invalid(errors: readonly (GraphQLError | OperationError)[]): Refusal {
  const named = errors.slice(0, MAX_ERRORS).map(({ message, locations }) => ({
    message: message.slice(0, MAX_MESSAGE_LENGTH),
    ...(locations ? { locations: locations.map(({ line, column }) => ({ line, column })) } : {}),
  }))
  const message = named[0]?.message ?? 'The operation does not fit the schema.'
  return {
    problem: new Problem('invalid_operation', 400, message),
    errors: named,
    isInvalid: true,
    isAboutVariables: false,
  }
}

const LOOKS_UP = { message: 'A subscription shows what its event says: ask by a query for what is looked up.' }

/** Messages quote what was sent. */
const MAX_MESSAGE_LENGTH = 500
