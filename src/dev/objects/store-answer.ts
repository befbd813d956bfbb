import type { Readable } from 'node:stream'

/** What the store answers. */
export interface StoreAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Readable
}

/** A refusal, with S3's own code. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

export const answerXml = (body: string): StoreAnswer => ({
  ...{ status: 200, headers: { 'content-type': 'application/xml' } },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
})
