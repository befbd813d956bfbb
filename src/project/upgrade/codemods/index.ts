import type { Codemod } from '../codemod.ts'
import { renamedNames } from './0.2.0-renamed-names.ts'
import { revealedSecrets } from './0.3.0-revealed-secrets.ts'

/** The codemods of all versions, in the order in which they run. */
export const codemods: readonly Codemod[] = [renamedNames, revealedSecrets]
