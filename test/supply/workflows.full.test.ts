import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram } from '../support/find-program.ts'
import { itWhere } from '../support/requirements.ts'

const zizmor = findProgram('zizmor')

itWhere(zizmor ? undefined : 'no zizmor on PATH')(
  'zizmor has nothing against the workflows, at its strictest',
  async () => {
    // It ends with a status above 0 for whatever it has found, and rejects then with its report.
    await promisify(execFile)(zizmor ?? '', ['--offline', '--persona', 'pedantic', '.github'])
  },
)
