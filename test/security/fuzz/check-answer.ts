import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { ConformanceResponse } from '../../../src/conformance/client.ts'

interface Operation {
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>
}
interface Response {
  readonly content?: Readonly<Record<string, unknown>>
}

/** The part of an OpenAPI document that says what comes back. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** What would tell a caller how it is built inside. */
const INSIDE =
  /node_modules|\bat [\w.<>]+ \(|\.ts:\d|ECONN|postgres(ql)?:\/\/|syntax error at|violates \w+ constraint|password/i

/**
 * Returns a check whether an answer is what the document says: its status, its media type, its body; a Problem where there is
 * no such operation. What is wrong, in words; undefined where nothing is.
 */
export function createAnswerCheck(document: ApiDocument) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ ...document, $id: 'api' })
  const compiled = new Map<string, ValidateFunction>()
  const validatorOf = (...path: readonly string[]) => {
    const pointer = path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `api#/${pointer}` })
    compiled.set(pointer, known)
    return known
  }
  const templates = Object.keys(document.paths).map((path) => {
    const literal = path.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&'))
    return { path, pattern: new RegExp(`^${literal.join('[^/]+')}$`), rank: literal.length }
  })
  templates.sort((one, other) => one.rank - other.rank)

  function findOperation(method: string, target: string) {
    const [path = ''] = target.split('?', 1)
    const name = method === 'HEAD' ? 'get' : method.toLowerCase()
    const found = templates.find((one) => one.pattern.test(path) && document.paths[one.path]?.[name])
    return found && { path: found.path, name }
  }

  return function findFault(method: string, target: string, answer: ConformanceResponse): string | undefined {
    const { status, headers, text } = answer
    if (status >= 500) return `it answers ${status}: ${text.slice(0, 200)}`
    if (!headers['x-correlation-id']) return 'it has no correlation id'
    if (INSIDE.test(text)) return `it tells what is inside: ${text.slice(0, 300)}`
    if (method === 'HEAD' || status === 204) return text === '' ? undefined : 'it has a body'
    const operation = findOperation(method, target)
    const declared = operation && document.paths[operation.path]?.[operation.name]?.responses[status]
    if (!declared) {
      if (operation && ![404, 405].includes(status))
        return `the document has no ${status} of ${operation.name} ${operation.path}`
      return faultOf(validatorOf('components', 'schemas', 'Problem'), text)
    }
    const path =
      '$ref' in declared
        ? declared.$ref.slice(2).split('/')
        : ['paths', operation.path, operation.name, 'responses', `${status}`]
    const type = status < 300 ? 'application/json' : 'application/problem+json'
    if (headers['content-type'] !== type) return `its type is ${headers['content-type']}`
    return faultOf(validatorOf(...path, 'content', type, 'schema'), text)
  }
}

function faultOf(validate: ValidateFunction, text: string): string | undefined {
  try {
    if (validate(JSON.parse(text))) return undefined
  } catch (error) {
    return `its body is no JSON: ${error}`
  }
  const [{ instancePath = '', message = '' } = {}] = validate.errors ?? []
  return `its body does not fit the document: ${instancePath} ${message}: ${text.slice(0, 200)}`
}
