/** An error's stack with those of its causes; any other thrown value as text. */
export function describeError(err: unknown): string {
  const { stack, message, cause } = Object(err) as { stack?: unknown; message?: unknown; cause?: unknown }
  const text = String(stack ?? message ?? (typeof err === 'object' ? JSON.stringify(err) : err))
  const causes = cause === undefined ? [] : [cause].flat()
  return [text, ...causes.map((one) => `caused by: ${describeError(one)}`)].join('\n')
}

const FRAME = /^\s+at /
const OWN = /\b(?:functions|domain)\//

/** A stack with the frames of the project's own code alone, if it has any. */
export function ownFrames(stack: string): string {
  const lines = stack.split('\n')
  const hasOwn = lines.some((line) => FRAME.test(line) && OWN.test(line))
  return hasOwn ? lines.filter((line) => !FRAME.test(line) || OWN.test(line)).join('\n') : stack
}
