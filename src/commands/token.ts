import { findRunning, readAnnouncement } from '../dev/announcement.ts'
import { type IssuedToken, requestToken } from '../dev/provider/request-token.ts'
import { rotateProviderKeys } from '../dev/provider/rotate-provider-keys.ts'
import { ConfigError } from '../kernel/index.ts'
import { refreshIssuers } from '../protocol/admin/issuers.ts'
import { callAdmin } from './admin-client.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const tokenCommand: readonly Form[] = [
  form({
    description: 'Print an access token of a person of domain/people.ts, as a login gives one, and nothing else.',
    options: {
      as: { value: 'PERSON', required: true, completes: 'person', description: 'Whose token it is.' },
      scope: {
        value: 'SCOPE',
        repeated: true,
        description: 'Only this scope of those that the person has, such as orders:write. Default: all of them.',
      },
      json: JSON_OPTION,
    },
    examples: ['token --as ada', 'token --as ada --scope orders:write --json'],
    run: async (project, { as, scope, json }) => {
      const issued = await tokenFor(project, as, scope)
      if (json) printJson(issued)
      else printLine(issued.token)
    },
  }),
  form({
    word: 'rotate',
    description:
      'Sign access tokens of this laptop with a new key from now on. Those of the old key stay valid until they expire.',
    options: {
      'drop-old': { description: 'Refuse all tokens that were signed before, at once.' },
      json: JSON_OPTION,
    },
    examples: ['token rotate', 'token rotate --drop-old'],
    run: async (project, { 'drop-old': dropsOld, json }) => {
      const kids = await rotateProviderKeys(project, { dropsOld })
      // The gateway would learn of it within minutes.
      if (await findRunning(project)) await callAdmin(project, refreshIssuers, {})
      if (json) printJson({ keys: kids })
      else
        printLine(
          `${kids[0]} signs from now on; ${kids.length === 2 ? '1 older key stays' : `${kids.length - 1} older keys stay`} valid`,
        )
    },
  }),
]

async function tokenFor(project: string, person: string, scopes: readonly string[]): Promise<IssuedToken> {
  const { provider } = await readAnnouncement(project)
  if (!provider)
    throw new ConfigError(
      'this Ebb has the issuers of EBB_ISSUERS, and prints no tokens of theirs; unset it to log in on the laptop',
    )
  return requestToken({ ...provider, person, scopes })
}
