import type { ComponentChildren } from 'preact'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => ComponentChildren
  /** Numbers stand at the right. */
  readonly isNumber?: boolean
  /** The buttons of a row, whose column needs no name on the page. */
  readonly isActions?: boolean
}

interface TableProps<Row> {
  /** What its rows are, for whoever does not see it. */
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
}

/** A table; on a narrow screen each row is a block, with the columns' names beside its values. */
export const Table = <Row,>({ label, columns, rows, keyOf }: TableProps<Row>) => (
  <table aria-label={label}>
    <thead>
      <tr>
        {columns.map(({ name, isNumber, isActions }) => (
          <th key={name} scope="col" class={isNumber ? 'number' : undefined}>
            {isActions ? <span class="unseen">{name}</span> : name}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map((row) => (
        <tr key={keyOf(row)}>
          {columns.map(({ name, cell, isNumber, isActions }) => (
            <td
              key={name}
              data-label={isActions ? '' : name}
              class={isNumber ? 'number' : isActions ? 'row-actions' : undefined}
            >
              {cell(row)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
)
