import type { GatewayContext } from './context.ts'

/** Whether a caller takes the response as Server-Sent Events. */
export const acceptsEvents = ({ headers }: Pick<GatewayContext, 'headers'>): boolean =>
  (headers.accept ?? []).some((value) => /(^|[,\s])text\/event-stream\s*(;|,|$)/i.test(value))
