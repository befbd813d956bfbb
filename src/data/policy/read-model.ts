import { findFault, namesIn } from './expressions.ts'
import type { PolicyFault } from './policy-files.ts'
import type { PolicyModel } from './policy-rules.ts'

interface Entry {
  readonly line: number
  readonly value: string
}
type Sections = ReadonlyMap<string, ReadonlyMap<string, Entry>>

const NAME = /^[a-z][\w-]*$/i
const REQUEST = 'caller, action, object'
const ROLES = '_, _'
/** Casbin's effects, but for the one that allows what no line refuses. */
const EFFECTS = [
  'some(where (p.eft == allow)) && !some(where (p.eft == deny))',
  'some(where (p.eft == allow))',
  'priority(p.eft) || deny',
]
/** The one key of each of Casbin's sections. */
const KEYS: Readonly<Record<string, string>> = {
  ...{ request_definition: 'r', policy_definition: 'p', role_definition: 'g', policy_effect: 'e', matchers: 'm' },
}

/** Reads model.conf. Each fault is a sentence and its line. */
export function readModel(text: string): { readonly model: PolicyModel; readonly faults: readonly PolicyFault[] } {
  const { sections, faults } = readSections(text)
  const refuse = (entry: Entry | undefined, message: string) =>
    void faults.push({ file: 'model', line: entry?.line ?? 1, message })
  const entryOf = (section: string) => {
    const entry = sections.get(section)?.get(KEYS[section] ?? '')
    if (!entry && section !== 'role_definition') refuse(entry, `[${section}] is missing, with ${KEYS[section]} = …`)
    return entry
  }
  const [request, definition, roles, effect, matcher] = Object.keys(KEYS).map(entryOf)
  if (request && listOf(request).join(', ') !== REQUEST) refuse(request, `write r = ${REQUEST}: what a handler asks`)
  if (roles && listOf(roles).join(', ') !== ROLES)
    refuse(roles, `write g = ${ROLES}: one role, and another whose rights it has`)
  if (effect && !EFFECTS.includes(effect.value))
    refuse(effect, `the effect must refuse what no line allows: write e = ${EFFECTS.join(', or e = ')}`)
  const fields = definition ? listOf(definition) : []
  for (const needed of ['action', 'type'])
    if (definition && !fields.includes(needed)) refuse(definition, `a line needs the field ${needed}`)
  if (matcher) checkMatcher(matcher, fields, refuse)
  const model = {
    ...{
      fields,
      matcher: matcher?.value ?? '',
      matcherLine: matcher?.line ?? 1,
      mayDeny: effect?.value !== EFFECTS[1],
      actions: actionsOf(sections, refuse),
    },
    text: Object.entries(KEYS)
      .filter(([section]) => section !== 'matchers')
      .map(([section, key]) => `[${section}]\n${key} = ${sections.get(section)?.get(key)?.value ?? ROLES}`)
      .join('\n'),
  }
  return { model, faults }
}

function checkMatcher(matcher: Entry, fields: readonly string[], refuse: (entry: Entry, message: string) => void) {
  const fault = findFault(matcher.value, fields)
  if (fault) refuse(matcher, fault)
  // Lines are chosen by these two before Casbin matches them, and `eft` is the effect's.
  const chosen = ['action', 'type', 'eft']
  const names = namesIn(matcher.value)
  for (const field of fields.filter((one) => !chosen.includes(one) && !names.includes(`p.${one}`)))
    refuse(matcher, `it does not read p.${field}, so that what lines say there has no effect`)
  if (fields.includes('when') && !names.includes('eval(')) refuse(matcher, 'write eval(p.when): p.when alone is a text')
}

function actionsOf(sections: Sections, refuse: (entry: Entry | undefined, message: string) => void) {
  const declared = [...(sections.get('actions') ?? [])]
  if (declared.length === 0)
    refuse(undefined, '[actions] is missing, with a line for each type, such as order = read, refund')
  for (const [type, entry] of declared)
    for (const name of [type, ...listOf(entry)])
      if (!NAME.test(name)) refuse(entry, `"${name}" must be a word: letters, digits, - and _, a letter first`)
  return Object.fromEntries(declared.map(([type, entry]) => [type, listOf(entry)] as const))
}

const listOf = ({ value }: Entry) => value.split(',').map((word) => word.trim())

/** The sections with their keys, as Casbin reads them: `#` and `;` begin comments, and `\` goes on in the next line. */
function readSections(text: string) {
  const faults: PolicyFault[] = []
  const sections = new Map<string, Map<string, Entry>>()
  let section = ''
  let begun = ''
  for (const [index, raw] of text.split('\n').entries()) {
    const refuse = (message: string) => void faults.push({ file: 'model', line: index + 1, message })
    const line = `${begun}${raw.replace(/[#;].*/, '').trim()}`
    begun = line.endsWith('\\') ? line.slice(0, -1) : ''
    if (line === '' || begun !== '') continue
    const [, name] = /^\[(.*)\]$/.exec(line) ?? []
    if (name !== undefined) {
      section = name
      if (!(name in KEYS) && name !== 'actions') refuse(`there is no section [${name}]`)
      if (sections.has(name)) refuse(`[${name}] is there twice`)
      sections.set(name, new Map())
      continue
    }
    const equals = line.indexOf('=')
    const [key, value] = [line.slice(0, equals).trim(), line.slice(equals + 1).trim()]
    if (equals < 1 || value === '') refuse('write KEY = VALUE')
    else if (!sections.has(section)) refuse('a section comes first, such as [request_definition]')
    else if (section in KEYS && key !== KEYS[section]) refuse(`[${section}] has only ${KEYS[section]} = …`)
    else if (sections.get(section)?.has(key)) refuse(`${key} is there twice`)
    else sections.get(section)?.set(key, { line: index + 1, value })
  }
  return { sections: sections as Sections, faults }
}
