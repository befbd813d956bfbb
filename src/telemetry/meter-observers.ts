import type { Meter } from '@opentelemetry/api'

/** What parts that only some functions have observe of themselves: each is called when the metrics of the process begin. */
export const meterObservers: ((meter: Meter) => void)[] = []
