/** A server program as it is measured. */
export interface Subject {
  readonly name: string
  /** For `process.execPath`. */
  readonly args: readonly string[]
  readonly cwd?: string
  readonly env: Readonly<Record<string, string>>
  /** The variable that tells it its port, where that is not PORT. */
  readonly portVariable?: string
  /** The request, made for each start anew. */
  readonly request: () => HttpRequest
  readonly expectStatus: number
  /** Only its start is measured. */
  readonly startOnly?: boolean
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}
