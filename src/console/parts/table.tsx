import { Component, type ComponentChildren } from 'preact'

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
        <TableRow key={keyOf(row)} row={row} columns={columns} />
      ))}
    </tbody>
  </table>
)

interface TableRowProps<Row> {
  readonly row: Row
  readonly columns: readonly Column<Row>[]
}

/** Drawn once where its columns are constants: a table that grows by some rows at a time costs only these. */
class TableRow<Row> extends Component<TableRowProps<Row>> {
  override shouldComponentUpdate({ row, columns }: TableRowProps<Row>) {
    return row !== this.props.row || columns !== this.props.columns
  }

  render({ row, columns }: TableRowProps<Row>) {
    return (
      <tr>
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
    )
  }
}
