import { ConfigFault } from '../../kernel/index.ts'
import { readAnnouncement } from '../admin/client.ts'
import { type Command, misused } from './command.ts'

export const database: Command = {
  usage: ['database'],
  does: 'print the address of the database of the Ebb that runs here, with the rights of a function: psql "$(npx ebb database)"',
  run: async (root, args) => {
    if (args.length > 0) throw misused(database)
    const { DATABASE_URL } = (await readAnnouncement(root)).urls
    if (!DATABASE_URL) throw new ConfigFault('the Ebb that runs here says nothing of its database; start it again')
    process.stdout.write(`${DATABASE_URL}\n`)
  },
}
