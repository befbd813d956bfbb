import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ConfigFault, generateIdentityKeys, type IdentityKeys } from '../../kernel/index.ts'
import { type Command, misused } from './command.ts'

export const identityKeys: Command = {
  usage: ['identity-keys [--keep JWKS_FILE]'],
  does: 'new keys of gateway and relay for Ebb-Identity, and the public set of functions; --keep has the keys of another set in it, to rotate',
  run: async (_root, args) => {
    const options = { keep: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    if (positionals.length > 0) throw misused(identityKeys)
    const kept = values.keep === undefined ? [] : await readKeys(values.keep)
    const { gateway, relay, jwks } = await generateIdentityKeys()
    const keys = { gateway, relay, jwks: { keys: [...jwks.keys, ...kept] } }
    process.stdout.write(`${JSON.stringify(keys, undefined, 2)}\n`)
  },
}

async function readKeys(file: string): Promise<IdentityKeys['jwks']['keys']> {
  try {
    const { keys }: Partial<IdentityKeys['jwks']> = JSON.parse(await readFile(file, 'utf8'))
    if (Array.isArray(keys) && !keys.some((key) => 'd' in key)) return keys
  } catch (cause) {
    throw new ConfigFault(`--keep ${file}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
  throw new ConfigFault(`--keep ${file}: must be a set of public keys, as EBB_IDENTITY_JWKS holds it`)
}
