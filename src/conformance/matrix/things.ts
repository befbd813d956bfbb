import { randomUUID } from 'node:crypto'
import { type EndpointContract, usualReply } from '../../contract/index.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { sampleRequest } from '../../deploy/sample/sample-request.ts'
import { SampleError } from '../../deploy/sample/sampler.ts'
import type { ConformanceRequest, Send } from '../client.ts'
import { sameParameters } from './right-answer.ts'

/** A valid request to an endpoint, or undefined where none can be made up from its contract. */
export function requestTo(contract: EndpointContract, thing?: string): ConformanceRequest | undefined {
  try {
    const { target, headers, body, contentType } = sampleRequest(contract, createRandom(randomUUID()))
    const isJson = contentType === 'application/json'
    const [path = '', query] = target.split('?')
    return {
      ...{ method: contract.method, path: `${thing ?? path}${query ? `?${query}` : ''}` },
      headers: {
        ...headers,
        ...(contract.idempotent ? { 'idempotency-key': randomUUID() } : {}),
        ...(isJson ? {} : { 'content-type': contentType }),
      },
      ...(body !== undefined && !isJson ? { body } : {}),
      ...(body === undefined || !isJson
        ? {}
        : { json: JSON.parse(body.replaceAll(EMAIL, () => `${randomUUID()}@example.com`)) }),
    }
  } catch (error) {
    if (error instanceof SampleError) return undefined
    throw error
  }
}

/** What is often unique, and the same in every example. */
const EMAIL = /[\w.+-]+@[\w.-]+\.\w+/g

/**
 * Makes a thing at a path for the caller of these headers, by the POST whose `location` is that path; returns where it is. Undefined
 * where no contract says how to make one.
 */
export async function makeThing(
  { contracts, send }: { readonly contracts: readonly EndpointContract[]; readonly send: Send },
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const maker = contracts.find((contract) => {
    const { location } = usualReply(contract)
    return (
      contract.method === 'POST' &&
      !contract.path.includes('{') &&
      location &&
      sameParameters(location) === sameParameters(path)
    )
  })
  const request = maker && requestTo(maker)
  if (!request) return undefined
  const { status, headers: given, text } = await send({ ...request, headers: { ...request.headers, ...headers } })
  if (status !== usualReply(maker).status || !given.location)
    throw new Error(`${maker.name} answers ${status}, and nothing is made to ask for: ${text.slice(0, 200)}`)
  return given.location
}
