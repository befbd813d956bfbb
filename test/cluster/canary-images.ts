import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from './context.ts'
import { buildImagesOf } from './images.ts'

export const ENDPOINT = 'conformance-read'
export const SUBSCRIBER = 'conformance-note'

interface Variant {
  readonly name: string
  /** What stands in a file of the function, and what takes its place. */
  readonly changes: readonly (readonly [file: string, from: string, to: string])[]
}

const RETURNS = 'return { id: params.id, owner }'

/** New revisions of an endpoint, and of a subscriber: each is wrong in one way, but for the first. */
export const VARIANTS = {
  fine: { name: ENDPOINT, changes: [] },
  errors: {
    name: ENDPOINT,
    changes: [['handler.ts', RETURNS, `if (Math.random() < 0.05) throw new Error('injected')\n  ${RETURNS}`]],
  },
  slow: {
    name: ENDPOINT,
    changes: [['handler.ts', RETURNS, `await new Promise((resolve) => setTimeout(resolve, 80))\n  ${RETURNS}`]],
  },
  breaks: {
    name: ENDPOINT,
    changes: [
      ['handler.ts', RETURNS, 'return { id: params.id, owner: owner.length }'],
      ['contract.ts', 'body: Entry', 'body: Entry.extend({ owner: z.int() })'],
    ],
  },
  // As its contract says, and wrong.
  otherwise: {
    name: ENDPOINT,
    changes: [['handler.ts', RETURNS, `return { id: params.id, owner: owner + '.' }`]],
  },
  'events-fail': {
    name: SUBSCRIBER,
    changes: [['handler.ts', 'await emit', `if (Math.random() < 0.5) throw new Error('injected')\n  await emit`]],
  },
} as const satisfies Readonly<Record<string, Variant>>

export type VariantName = keyof typeof VARIANTS

/** The image of a variant. */
export const imageOf = ({ options }: Context, variant: VariantName) =>
  `${options.registry}/ebb/${VARIANTS[variant].name}:${options.tag}-${variant}`

/** Builds these variants, from the sources of the project that is installed, which are as before in the end. */
export async function buildVariants({ options, project, log }: Context, variants: readonly VariantName[]) {
  if (!options.build) return
  for (const variant of variants) {
    const { name, changes } = VARIANTS[variant]
    const before = new Map<string, string>()
    for (const [file, from, to] of changes) {
      const path = join(project, 'functions', name, file)
      const text = await readFile(path, 'utf8')
      if (!text.includes(from)) throw new Error(`${path} has no ${from}`)
      before.set(path, text)
      await writeFile(path, text.replace(from, to))
    }
    try {
      await buildImagesOf(project, [name], `${options.tag}-${variant}`, options)
      log(`built ${name} as ${variant}`)
    } finally {
      for (const [path, text] of before) await writeFile(path, text)
    }
  }
}
