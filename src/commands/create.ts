import { readKit } from '../project/create/read-kit.ts'
import { createForms } from './create-forms.ts'

export const createCommand = createForms(readKit)
