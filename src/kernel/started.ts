import type { Started } from '../start/started.ts'

/** Given by the start file to the bundle that it runs; not there where sources or services run by themselves. */
declare const ebbStart: Started | undefined

/** What the start file of an image tells, where there was one. */
export const started = (): Started | undefined => (typeof ebbStart === 'undefined' ? undefined : ebbStart)
