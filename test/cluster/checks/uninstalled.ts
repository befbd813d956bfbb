import { untilTrue } from '../../support/until.ts'
import type { Check } from '../context.ts'
import { helm } from '../install.ts'
import { runCommand } from '../run-command.ts'

const LIMIT_MS = 240_000
/** What a namespace has by itself, and what the run gave it. */
const OWN = /^(events(\.events\.k8s\.io)?\/|configmap\/kube-root-ca\.crt|serviceaccount\/default|secret\/conformance$)/
/** What NOTES.txt says that it keeps: the database, its passwords, and the pepper of the API keys. */
const KEPT =
  /^(persistentvolumeclaim\/data-ebb-postgres-0|secret\/ebb-(postgres-(gateway|relay|functions|owner|superuser)|gateway))$/

/** After `helm uninstall` there is nothing but what its notes say. */
export const uninstalled: Check = {
  name: 'helm uninstall leaves what it says',
  run: async (context) => {
    const { kubectl, options } = context
    const kinds = (await runCommand('kubectl', ['api-resources', '--namespaced', '--verbs=list', '--output', 'name']))
      .trim()
      .split('\n')
      .filter((kind) => !kind.startsWith('events'))
    await helm(context, ['uninstall', options.release])
    let left: string[] = []
    const names = async () =>
      (await kubectl.text(['get', kinds.join(','), '--output', 'name']))
        .trim()
        .split('\n')
        .filter((name) => !OWN.test(name))
    const look = async () => {
      left = await names()
      return left.every((name) => KEPT.test(name))
    }
    const beganAt = Date.now()
    await untilTrue(look, { limitMs: LIMIT_MS, what: 'an empty namespace' }).catch((error: Error) => {
      throw new Error(`${error.message}; there are still ${left.filter((name) => !KEPT.test(name)).join(', ')}`)
    })
    return `left after ${((Date.now() - beganAt) / 1_000).toFixed(0)} s: ${left.join(', ')}`
  },
}
