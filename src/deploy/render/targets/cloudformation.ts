import type { TargetFunction } from './target-function.ts'

/** What CloudFormation calls a function: letters and digits. */
export const idOf = (name: string): string =>
  name
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')

/** A parameter's value, or what identifies a resource. */
export const ref = (name: string) => ({ Ref: name })
/** The address by which other resources name one. */
export const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] })
/** A text with `${names}` filled in. */
export const sub = (text: string) => ({ 'Fn::Sub': text })
/** Leaves a property out. */
export const NO_VALUE = ref('AWS::NoValue')
/** One of two values by a condition. */
export const either = (condition: string, value: unknown, otherwise: unknown = NO_VALUE) => ({
  'Fn::If': [condition, value, otherwise],
})

/** What a function is invoked by: its alias where instances are kept warm, since these are the alias's. */
export const invokedOf = ({ name, scale }: Pick<TargetFunction, 'name' | 'scale'>): string =>
  scale.min > 0 ? `${idOf(name)}.Alias` : idOf(name)
