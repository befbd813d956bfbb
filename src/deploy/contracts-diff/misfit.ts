/** One way in which a value that one schema allows is not allowed by another. */
export type Misfit = { readonly path: string } & (
  | { readonly kind: 'required' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'value'; readonly what: string }
  | { readonly kind: 'type'; readonly what: string }
  | { readonly kind: 'bound'; readonly keyword: string; readonly has: unknown; readonly wants: unknown }
)

/** How two schemas are held against each other. */
export interface Comparison {
  /** Those who read ignore what they do not know, and miss what is gone. */
  readonly reader?: boolean
  /** Query, path and headers carry texts: `7` is a number and a text, and one value is a list of one. */
  readonly text?: boolean
}

export interface Place extends Comparison {
  readonly path: string
}
