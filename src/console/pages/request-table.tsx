import type { ReplyOf } from '../api/operations.ts'
import { At, Badge, Caller, Status } from '../parts/facts.tsx'
import { formatMs, shortId } from '../parts/format.ts'
import { type Column, Table } from '../parts/table.tsx'
import { BASE } from './paths.ts'

/** A request as a gateway remembers it. */
export type SeenRequest = ReplyOf<'requests.list'>['requests'][number]

const COLUMNS: readonly Column<SeenRequest>[] = [
  { name: 'When', cell: ({ at }) => <At time={at} /> },
  { name: 'Status', cell: ({ status }) => <Status status={status} /> },
  {
    name: 'Request',
    cell: ({ method, path, correlationId }) => (
      <span>
        <span class="mono">
          {method} {path}
        </span>
        <a class="sub" href={`${BASE}/traces/${correlationId}`}>
          <code>{shortId(correlationId)}</code>
        </a>
      </span>
    ),
  },
  {
    name: 'Ended by',
    cell: ({ function: name, reason, cold }) => (
      <span class="badges">
        {reason ? (
          <span class="soft">{reason.replaceAll('_', ' ')}, no call</span>
        ) : name ? (
          <a href={`${BASE}/functions/${name}`}>{name}</a>
        ) : (
          <span class="soft">–</span>
        )}
        {cold ? <Badge tone="warn">cold</Badge> : null}
      </span>
    ),
  },
  {
    name: 'Caller',
    cell: ({ caller, tenant }) => <Caller caller={caller} tenant={tenant} />,
  },
  { name: 'Took', isNumber: true, cell: ({ durationMs }) => formatMs(durationMs) },
]

export const RequestTable = ({ requests }: { readonly requests: readonly SeenRequest[] }) => (
  <Table label="Requests" rows={requests} keyOf={({ id }) => id} columns={COLUMNS} />
)
