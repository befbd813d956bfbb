import { parseArgs } from 'node:util'
import { ADMIN_OPTIONS } from '../admin/client.ts'
import { createKey, listKeys, revokeKey, showKey } from '../admin/keys.ts'
import { type Command, misused } from './command.ts'

export const keys: Command = {
  usage: [
    'keys show ROLE',
    'keys list',
    'keys create SUBJECT [--role ROLE] [--scope SCOPE …] [--days N]',
    'keys revoke ID',
  ],
  does: 'API keys of a running Ebb',
  run: async (root, args) => {
    const text = { type: 'string' } as const
    const options = { ...ADMIN_OPTIONS, role: text, scope: { type: 'string', multiple: true }, days: text } as const
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [verb, what] = positionals
    if (verb === 'show' && what) return showKey(root, what)
    if (verb === 'list') return listKeys(root, values)
    if (verb === 'create' && what) return createKey(root, what, values)
    if (verb === 'revoke' && what) return revokeKey(root, what, values)
    throw misused(keys)
  },
}
