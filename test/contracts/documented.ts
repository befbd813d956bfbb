import { Ajv2020 } from 'ajv/dist/2020.js'
import type { AnyContract } from '../../src/contract/index.ts'
import { openapi } from '../../src/deploy/index.ts'

/** What the published document says of a value: by ajv, which knows nothing of us. */
export type Says = (value: unknown) => boolean

/** Reads the document as a client's tool does; formats are hints there (JSON Schema 2020-12 validation, 7.2.1). */
export function documented(contracts: readonly AnyContract[]) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const document = openapi(contracts, { version: '1' })
  ajv.addSchema(document, 'document')
  return {
    /** What stands at a place of the document. */
    find: (...path: readonly string[]): unknown => path.reduce<unknown>((part, name) => Object(part)[name], document),
    /** The schema at a place of the document. */
    at: (...path: readonly string[]): Says => {
      const pointer = path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
      return ajv.compile({ $ref: `document#/${pointer}` }) as Says
    },
  }
}
