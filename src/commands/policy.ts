import { join } from 'node:path'
import { checkPolicy } from '../data/policy/check-policy.ts'
import { type Explanation, explainDecision } from '../data/policy/explain-decision.ts'
import { isOfAnotherTenant } from '../data/policy/policy.ts'
import { describeFaults, POLICY_FOLDER, readPolicyFiles } from '../data/policy/policy-files.ts'
import { readPolicy, tryPolicy } from '../data/policy/read-policy.ts'
import { readRoles } from '../deploy/import-sources.ts'
import { paint } from '../dev/paint.ts'
import { readPeople } from '../dev/provider/read-people.ts'
import { printable } from '../dev/report.ts'
import { ConfigError, type PolicyCaller, type PolicyQuestion } from '../kernel/index.ts'
import { printJson, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const policyCommand: readonly Form[] = [
  form({
    word: 'explain',
    description:
      'Say whether somebody may do something, by which line of domain/policy, and why the other lines about it do not apply. The exit code is 0 for yes and 1 for no.',
    arguments: {
      action: { value: 'ACTION', required: true, description: 'An action of domain/policy/model.conf.' },
      object: {
        value: 'TYPE[:ID]',
        required: true,
        description: 'A type of model.conf, or one thing of it by its id.',
      },
    },
    options: {
      as: {
        value: 'PERSON|ROLE|SUBJECT',
        required: true,
        description: 'Who: a person of domain/people.ts, a role of domain/roles.ts, or any subject.',
      },
      role: { value: 'ROLE', repeated: true, description: 'A role that they have besides.' },
      tenant: { value: 'TENANT', description: 'The tenant that they are of.' },
      with: {
        value: 'NAME=VALUE',
        repeated: true,
        read: readAttribute,
        description: 'An attribute of the thing: JSON, or else a text.',
      },
      json: JSON_OPTION,
    },
    examples: [
      'policy explain --as ada refund order:17 --with owner=ada --with cents=1700',
      'policy explain --as merchant list order',
    ],
    run: (project, options) => explain(project, options),
  }),
  form({
    word: 'check',
    description: 'Check domain/policy: print what is wrong in it, with file and line, and what nobody may do.',
    options: { json: JSON_OPTION },
    examples: ['policy check'],
    run: (project, options) => check(project, options),
  }),
]

interface ExplainOptions {
  readonly action: string
  readonly object: string
  readonly as: string
  readonly role: readonly string[]
  readonly tenant: string | undefined
  readonly with: readonly (readonly [name: string, value: unknown])[]
  readonly json: boolean
}

async function explain(project: string, { action, object, as, role, tenant, with: given, json }: ExplainOptions) {
  const policy = readPolicy(requireFiles(project))
  const [type = '', ...rest] = object.split(':')
  const id = rest.join(':')
  const one: PolicyQuestion['attributes'] = { ...(id === '' ? {} : { id }), ...Object.fromEntries(given) }
  const attributes = Object.keys(one).length > 0 ? one : undefined
  const caller = await readCaller(project, as, { roles: role, tenant })
  const question: PolicyQuestion = { caller, action, type, attributes }
  const explanation = isOfAnotherTenant(question)
    ? { allowed: false, reason: `it is of the tenant ${attributes?.tenant}, and ${as} of ${caller.tenant}`, lines: [] }
    : await explainDecision(policy, question).catch((error: Error) => {
        throw new ConfigError(`${error.message}; --with NAME=VALUE says what a thing has`, { cause: error })
      })
  if (json) printJson({ caller, action, type, attributes, ...explanation })
  else printLine(formatExplanation(explanation, `${as} may ${action} ${object}`))
  if (!explanation.allowed) process.exitCode = 1
}

function formatExplanation({ allowed, reason, lines }: Explanation, what: string): string {
  const told = lines.map(({ line, text, effect, because }) => {
    const applies = effect === 'allow' ? 'allows it' : 'refuses it'
    return [
      `  ${String(line).padStart(3)}  ${printable(text)}`,
      `       ${because === undefined ? paint(effect === 'allow' ? 'green' : 'red', applies) : paint('dim', printable(because))}`,
    ].join('\n')
  })
  return [
    `${allowed ? paint('green', 'yes') : paint('red', 'no')}  ${printable(`${what}: ${reason}`)}`,
    ...(told.length > 0 ? ['', `${POLICY_FOLDER}/policy.csv`, ...told] : []),
  ].join('\n')
}

/** A person of domain/people.ts with their roles, a role by itself, or a subject with neither. */
async function readCaller(
  project: string,
  as: string,
  more: { readonly roles: readonly string[]; readonly tenant: string | undefined },
): Promise<PolicyCaller> {
  const scopesOf = await readRoles(project)
  const people = await readPeople(project, scopesOf)
  const person = Object.hasOwn(people, as) ? people[as] : undefined
  const own = person ? person.roles : Object.hasOwn(scopesOf, as) ? [as] : []
  const roles = [...new Set([...own, ...more.roles])]
  const tenant = more.tenant ?? person?.tenant
  const scopes = [...new Set(roles.flatMap((role) => (Object.hasOwn(scopesOf, role) ? (scopesOf[role] ?? []) : [])))]
  return { sub: as, roles, scopes, ...(tenant === undefined ? {} : { tenant }) }
}

function readAttribute(text: string): readonly [name: string, value: unknown] {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new ConfigError('--with must be NAME=VALUE, such as owner=ada')
  try {
    return [name, JSON.parse(value)]
  } catch {
    return [name, value]
  }
}

async function check(project: string, { json }: { readonly json: boolean }) {
  const files = requireFiles(project)
  const faults = await checkPolicy(files)
  if (faults.length > 0 && !json) throw new ConfigError(describeFaults(files.folder, faults))
  const { rules, model } = tryPolicy(files).rules
  const nobodyMay = Object.entries(model.actions).flatMap(([type, actions]) =>
    actions
      .filter((action) => !rules.some((rule) => [type, '*'].includes(rule.type) && [action, '*'].includes(rule.action)))
      .map((action) => `${action} ${type}`),
  )
  if (json) printJson({ faults, rules: rules.length, nobodyMay })
  else {
    printLine(`${POLICY_FOLDER}: ${rules.length} rules, and nothing wrong in them`)
    for (const what of nobodyMay) printLine(`nobody may ${what}: no line is about it`)
  }
  if (faults.length > 0) process.exitCode = 1
}

function requireFiles(project: string) {
  const files = readPolicyFiles(join(project, POLICY_FOLDER), POLICY_FOLDER)
  if (files) return files
  throw new ConfigError(
    `there is no ${POLICY_FOLDER}/model.conf with a policy.csv: docs/guide/20-policies.md has both to begin with`,
  )
}
