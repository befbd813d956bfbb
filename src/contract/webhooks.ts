/** Under which name deliveries, logs and metrics have the part of the relay that gives events to customers' webhooks. */
export const WEBHOOKS = 'webhooks'
