/** What the admin API refused, or that it does not answer (status 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly details: readonly { readonly path: string; readonly message: string }[]

  constructor(
    status: number,
    { error = '', message = '', details = [] }: Partial<ProblemBody>,
    options?: ErrorOptions,
  ) {
    super(message || `The admin API answered ${status}.`, options)
    this.status = status
    this.code = error
    this.details = details
  }

  /** Whether what was asked has no such operation, as another version of Ebb has not. */
  get isAbsent(): boolean {
    return this.status === 404 && /nothing at this path/.test(this.message)
  }
}

interface ProblemBody {
  readonly error: string
  readonly message: string
  readonly details: ApiError['details']
}

/** A failure in one sentence or more, for people. */
export function messageOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(Object(error).message ?? error)
  return [error.message, ...error.details.map(({ path, message }) => `${path}: ${message}`)].join('\n')
}
