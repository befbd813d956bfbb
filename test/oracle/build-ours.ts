import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnyContract } from 'ebb/contract'
import { NODE_FLAGS } from 'ebb/deploy'
import { buildFunction } from '../../src/dev/build/build-function.ts'
import { copyCheckout } from '../support/checkout.ts'
import type { Build, Built } from './build-official.ts'
import findThing from './functions/find-thing/contract.ts'
import makeThing from './functions/make-thing/contract.ts'
import noteThing from './functions/note-thing/contract.ts'

const CONTRACTS: Readonly<Record<string, AnyContract>> = {
  'find-thing': findThing,
  'make-thing': makeThing,
  'note-thing': noteThing,
}

/** A checkout whose functions, besides its own, are those of this folder. */
export async function checkoutWithThings() {
  const { root, remove } = await copyCheckout()
  await cp('test/oracle/functions', join(root, 'functions'), { recursive: true })
  await cp('test/oracle/thing.ts', join(root, 'thing.ts'))
  return { root, remove }
}

/** Functions the way that the product builds them: each in its image's layout, code caches and all. */
export function buildOurs(root: string): Build {
  const built = new Map<string, Promise<Built>>()
  return (_, name) => {
    const known = built.get(name) ?? buildImage(root, name)
    built.set(name, known)
    return known
  }
}

async function buildImage(root: string, name: string): Promise<Built> {
  const contract = CONTRACTS[name]
  if (!contract) throw new Error(`there is no function ${name} here`)
  const folder = join(root, 'images', name)
  await buildFunction(root, contract, folder)
  return {
    args: [...NODE_FLAGS, join(folder, 'start.cjs')],
    // The collector of the tests reads no protobuf.
    env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '100' },
  }
}
