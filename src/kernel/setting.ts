import type * as z from 'zod'

/** One setting: what makes its schema, and its value where it is not set. */
export type Setting = readonly [schema: () => z.ZodType<unknown, string>, otherwise: unknown]

export type ConfigOf<Settings extends Readonly<Record<string, Setting>>> = {
  readonly [Name in keyof Settings]: z.output<ReturnType<Settings[Name][0]>> | Settings[Name][1]
}
