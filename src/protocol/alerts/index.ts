import { EVENT_RULES } from './events.ts'
import { OBJECTIVE_RULES } from './objectives.ts'
import { REQUEST_RULES } from './requests.ts'
import type { Rule } from './rule.ts'
import { SECRET_RULES } from './secrets.ts'
import { STORE_RULES } from './stores.ts'

export { type AlertRule, isAlert, type Rule } from './rule.ts'

/** All alerts, with what they are made of, in the order in which they are evaluated: the one list. */
export const RULES: readonly Rule[] = [
  ...REQUEST_RULES,
  ...OBJECTIVE_RULES,
  ...EVENT_RULES,
  ...STORE_RULES,
  ...SECRET_RULES,
]

/** The page that says what to do about an alert, by its path in Ebb's repository. */
export const runbookOf = (alert: string): string => `docs/runbooks/${alert}.md`
