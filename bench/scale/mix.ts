import type { RequestKind } from '../../src/deploy/size/service-times.ts'

/** Which part of the requests are of which kind, `told` being writes that emit an event; the parts are 1 together. */
export type Mix = Readonly<Partial<Record<RequestKind | 'told', number>>>
