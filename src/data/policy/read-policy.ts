import { ConfigError } from '../../kernel/config-error.ts'
import { attributesIn, findFault as findExpressionFault } from './expressions.ts'
import { describeFaults, type PolicyFault, type PolicyFiles } from './policy-files.ts'
import { ANY, type PolicyModel, type PolicyRule, type PolicyRules } from './policy-rules.ts'
import { readModel } from './read-model.ts'

/** The fields that a line may leave out at its end. */
const DEFAULTS: Readonly<Record<string, string>> = { when: 'true', eft: 'allow' }

/** Reads the files. Throws a ConfigError with a line for each fault. */
export function readPolicy(files: PolicyFiles): PolicyRules {
  const { rules, faults } = tryPolicy(files)
  if (faults.length > 0) throw new ConfigError(describeFaults(files.folder, faults))
  return rules
}

/** The rules of the files, and what is wrong in them: then the rules are not all of them. */
export function tryPolicy({ folder, model: modelText, policy: policyText }: PolicyFiles) {
  const { model, faults: modelFaults } = readModel(modelText)
  const faults: PolicyFault[] = []
  const rules: PolicyRule[] = []
  const links: (readonly string[])[] = []
  const seen = new Map<string, number>()
  for (const [index, raw] of (modelFaults.length > 0 ? [] : policyText.split('\n')).entries()) {
    const line = index + 1
    const refuse = (message: string) => void faults.push({ file: 'policy', line, message })
    if (/^\s*(#|$)/.test(raw)) continue
    const [kind, ...given] = splitLine(raw)
    const same = seen.get([kind, ...given].join())
    seen.set([kind, ...given].join(), line)
    if (same !== undefined) refuse(`it is the same as line ${same}; delete one of them`)
    else if (kind === 'g') {
      if (given.length !== 2 || given.includes(''))
        refuse('write g, ROLE, ROLE: the first has the rights of the second, too')
      else links.push(given)
    } else if (kind !== 'p') refuse(`a line begins with p for a rule or g for a role, and not with "${kind}"`)
    else {
      const values = complete(given, model.fields)
      const fault = values ? findFault(values, model) : describeFields(model)
      if (fault) refuse(fault)
      else if (values) rules.push(toRule(line, values, model))
    }
  }
  return { rules: { folder, model, rules, links }, faults: [...modelFaults, ...faults] }
}

/** The fields of a line of CSV, trimmed; one in quotes may hold commas, and two quotes for each of its own. */
function splitLine(line: string): readonly string[] {
  const fields = line.matchAll(/\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/g)
  return [...fields]
    .map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.trim())
    .slice(0, /,\s*$/.test(line) ? undefined : -1)
}

/** The values of a line with those that it leaves out; undefined where that is not possible. */
function complete(given: readonly string[], fields: readonly string[]): readonly string[] | undefined {
  if (given.length > fields.length) return undefined
  const values = fields.map((field, i) => given[i] || DEFAULTS[field] || '')
  return values.includes('') ? undefined : values
}

const describeFields = ({ fields }: PolicyModel) =>
  `write p, ${fields.map((field) => (field in DEFAULTS ? `[${field}]` : field)).join(', ')}, and a field with commas in "quotes"`

const fieldOf = (values: readonly string[], field: string, { fields }: PolicyModel) => values[fields.indexOf(field)]

function findFault(values: readonly string[], model: PolicyModel): string | undefined {
  const [action = '', type = '', when = 'true', eft = 'allow'] = ['action', 'type', 'when', 'eft'].map((field) =>
    fieldOf(values, field, model),
  )
  const types = Object.keys(model.actions)
  if (type !== ANY && !types.includes(type))
    return `there is no type ${type} in model.conf; there are ${types.join(', ')}`
  const actions = type === ANY ? Object.values(model.actions).flat() : (model.actions[type] ?? [])
  if (action !== ANY && !actions.includes(action))
    return `${type === ANY ? 'no type has' : `type ${type} has no`} action ${action} in model.conf; there are ${[...new Set(actions)].join(', ')}`
  if (eft !== 'allow' && eft !== 'deny') return `eft must be allow or deny, and not ${eft}`
  if (eft === 'deny' && !model.mayDeny) return 'the effect in model.conf looks at no deny; change one of the two'
  return findExpressionFault(when)
}

function toRule(line: number, values: readonly string[], model: PolicyModel): PolicyRule {
  const [action = '', type = '', when = ''] = ['action', 'type', 'when'].map((field) => fieldOf(values, field, model))
  return { line, values, action, type, reads: attributesIn(`${model.matcher} ${when}`) }
}
