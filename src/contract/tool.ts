/** An endpoint as agents see it, in the words of the Model Context Protocol: plain data, rendered from its contract. */
export interface ToolDescription {
  /** The endpoint's name. */
  readonly name: string
  readonly title: string
  readonly description: string
  /** JSON Schema 2020-12 of the arguments: `{ params?, query?, headers?, body?, idempotencyKey? }`. */
  readonly inputSchema: Readonly<Record<string, unknown>>
  /** JSON Schema 2020-12 of the reply's body; undefined where it has none. */
  readonly outputSchema?: Readonly<Record<string, unknown>>
  readonly annotations: ToolAnnotations
}

/** What a client may expect of a call. It believes them as far as it believes this API. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly idempotentHint: boolean
  readonly openWorldHint: boolean
}
