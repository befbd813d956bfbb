/** One number with its name, in a `dl` of them. */
export const Figure = ({
  name,
  value,
  sub,
}: {
  readonly name: string
  readonly value: string
  readonly sub?: string
}) => (
  <div class="figure">
    <dt>{name}</dt>
    <dd>
      {value}
      {sub ? <span class="sub">{sub}</span> : null}
    </dd>
  </div>
)
