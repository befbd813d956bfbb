import { formatMessagesSync } from 'esbuild'

/** A fault of a save in words for whoever saved: esbuild's with the lines that are meant, a contract's own sentence. */
export function explainBuild(fault: unknown): string {
  const { errors, message } = Object(fault) as { errors?: unknown; message?: unknown }
  if (Array.isArray(errors) && errors.length > 0) {
    return formatMessagesSync(errors, { kind: 'error', color: false }).join('').trim()
  }
  return String(message ?? fault)
}
