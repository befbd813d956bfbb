import { styleText } from 'node:util'
import { inheritedEnv } from '../kernel/config.ts'

/** Styles a text for standard output, where that is a terminal, or FORCE_COLOR asks for it; never where NO_COLOR is set. */
export const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
  inheritedEnv(['NO_COLOR']).NO_COLOR ? text : styleText(format, text)
