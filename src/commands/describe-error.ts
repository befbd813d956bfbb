/** The stack of an error as it was logged, with its causes; undefined where that is no error. */
export function describeError(err: unknown): string | undefined {
  if (typeof err !== 'object' || err === null) return undefined
  const { stack, message, cause } = err as { stack?: unknown; message?: unknown; cause?: unknown }
  const causes = (Array.isArray(cause) ? cause : [cause]).map(describeError).filter((text) => text !== undefined)
  return [String(stack ?? message ?? ''), ...causes.map((text) => `caused by: ${text}`)].join('\n')
}

const FRAME = /^\s+at /
const OWN = /\b(?:functions|domain)\//

/** A stack with the frames of the project's own code alone, if it has any. */
export function ownFrames(stack: string | undefined): string | undefined {
  const lines = stack?.split('\n') ?? []
  const hasOwn = lines.some((line) => FRAME.test(line) && OWN.test(line))
  return hasOwn ? lines.filter((line) => !FRAME.test(line) || OWN.test(line)).join('\n') : stack
}
