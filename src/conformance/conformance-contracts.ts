import type { AnyContract } from '../contract/index.ts'
import answer from './functions/conformance-answer/contract.ts'
import call from './functions/conformance-call/contract.ts'
import events from './functions/conformance-events/contract.ts'
import hold from './functions/conformance-hold/contract.ts'
import ingest from './functions/conformance-ingest/contract.ts'
import list from './functions/conformance-list/contract.ts'
import look from './functions/conformance-look/contract.ts'
import note from './functions/conformance-note/contract.ts'
import read from './functions/conformance-read/contract.ts'
import receive from './functions/conformance-receive/contract.ts'
import upload from './functions/conformance-upload/contract.ts'
import write from './functions/conformance-write/contract.ts'

/** The conformance functions, of which each kind of case takes the first that fits. */
export const CONFORMANCE_CONTRACTS: readonly AnyContract[] = [
  ...[list, look, read, write, hold, note, upload, events],
  ...[call, answer, ingest, receive],
]

/** The one that takes webhooks. */
export const CONFORMANCE_RECEIVER = receive

/** How long writing an entry may take. */
export const WRITE_TIMEOUT_MS = write.timeoutMs

/** How long one that calls another one may take. */
export const CALL_TIMEOUT_MS = call.timeoutMs
