import { startObjects } from '../../src/dev/objects/start-objects.ts'

/** The laptop's store of objects as a process of its own, to be killed. */
const [folder = '', port = '0'] = process.argv.slice(2)
await startObjects({ folder, port: Number(port), secretAccessKey: 'a-secret' })
process.stdout.write('began\n')
