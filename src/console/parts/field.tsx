import type { ComponentChildren, ComponentProps } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly onValue: (value: string) => void
  readonly hint?: string
  readonly placeholder?: string
  readonly type?: 'text' | 'number' | 'password' | 'datetime-local' | 'date' | 'search'
  readonly isRequired?: boolean
  /** More than one line. */
  readonly lines?: number
}

/** A text to type, with its name. */
export function Field({
  label,
  value,
  onValue,
  hint,
  placeholder,
  type = 'text',
  isRequired = false,
  lines,
}: FieldProps) {
  const id = useId()
  const common = {
    ...{ id, value, required: isRequired, autocomplete: 'off', spellcheck: false },
    ...(placeholder === undefined ? {} : { placeholder }),
    ...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` }),
    onInput: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      onValue(currentTarget.value),
  } as const
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {/* Its type is one that takes text, as the properties of FieldProps say. */}
      {lines === undefined ? (
        <input {...({ type, ...common } as ComponentProps<'input'>)} />
      ) : (
        <textarea rows={lines} {...common} />
      )}
      {hint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly onValue: (value: string) => void
  /** Texts by value. */
  readonly options: Readonly<Record<string, string>>
}

export function Choice({ label, value, onValue, options }: ChoiceProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={({ currentTarget }) => onValue(currentTarget.value)}>
        {Object.entries(options).map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}

/** Fields beside each other, above what they choose from. */
export const Filters = ({ children }: { readonly children: ComponentChildren }) => (
  <search class="filters">{children}</search>
)
