import type { AnyContract } from '../../contract/index.ts'
import { openapi } from '../../deploy/index.ts'
import { ConfigFault } from '../../kernel/index.ts'
import { type ApiDocument, compareDocuments, operationsOf } from './compare-documents.ts'
import { endpointChecks } from './endpoint-checks.ts'
import { methodChecks } from './method-checks.ts'
import { platformChecks } from './platform-checks.ts'
import { createProbe, type Fault, parse, type Send } from './probe.ts'

export interface Check {
  readonly name: string
  run(): Promise<Fault>
}

/** A check that was made; nothing is wrong where `faults` is empty. */
export interface Checked {
  readonly name: string
  readonly faults: readonly string[]
}

export interface CheckOptions {
  readonly url: string
  readonly key?: string | undefined
  /** Whose pages should be let in. */
  readonly origin?: string | undefined
}

/**
 * Compares an Ebb that is deployed with the contracts here, and looks whether it answers as they and the platform
 * promise. Sends nothing that writes. Throws a ConfigFault where no Ebb answers.
 */
export async function* checkDeployed(
  contracts: Readonly<Record<string, AnyContract>>,
  { url, key, origin }: CheckOptions,
): AsyncIterable<Checked> {
  const send = createProbe(url)
  const there = await readDocument(send, url)
  // As somebody reads it who gets it over HTTP.
  const here: ApiDocument = JSON.parse(JSON.stringify(openapi(Object.values(contracts), { version: '1' })))
  yield { name: 'its endpoints are those of this checkout', faults: compareDocuments(there, here) }
  const deployed = operationsOf(there)
  // Of what is not there, or is open there to everybody, nothing is asked: that was just said.
  const shared = Object.values(contracts)
    .filter((contract) => contract.kind === 'endpoint')
    .filter(({ method, path, access }) => isLike(deployed[`${method} ${path}`], access.anonymous === true))
  const checks = [
    ...platformChecks(send, { origin }),
    ...shared.flatMap((contract) => endpointChecks(contract, { send, key })),
    ...methodChecks(shared, send),
  ]
  for (const { name, run } of checks) {
    const fault = await run().catch((cause: Error) => `no answer: ${cause.message}`)
    yield { name, faults: fault === undefined ? [] : [fault] }
  }
}

const isLike = (operation: unknown, anonymous: boolean) =>
  operation !== undefined && (Object(operation).security !== undefined) === anonymous

async function readDocument(send: Send, url: string): Promise<ApiDocument> {
  const { status, text } = await send({ method: 'GET', target: '/openapi.json' }).catch((cause) => {
    throw new ConfigFault(`nobody answers at ${url}`, { cause })
  })
  const document: ApiDocument & { readonly openapi?: string } = Object(parse(text))
  if (status !== 200 || !document.openapi)
    throw new ConfigFault(`${url} is no Ebb: its /openapi.json answers ${status}`)
  return document
}
