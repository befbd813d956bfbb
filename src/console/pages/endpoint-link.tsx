import { BASE } from './paths.ts'

interface EndpointLinkProps {
  readonly name: string
  readonly method: string
  readonly path: string
}

/** An endpoint as lists name it: its function, which leads to its page, and its route. */
export const EndpointLink = ({ name, method, path }: EndpointLinkProps) => (
  <span>
    <a href={`${BASE}/functions/${name}`}>{name}</a>{' '}
    <span class="sub mono">
      {method} {path}
    </span>
  </span>
)
