import type { EndpointContract, Example } from '../contract/index.ts'

/** The examples of a contract that have this part, as a document shows them; undefined where none has. */
export function examplesOf({ examples = {} }: EndpointContract, partOf: (example: Example) => unknown) {
  const given = Object.entries(examples).filter(([, example]) => partOf(example) !== undefined)
  return given.length > 0
    ? Object.fromEntries(given.map(([name, example]) => [name, { value: partOf(example) }]))
    : undefined
}
