import type pg from 'pg'

/** What a statement takes and gives, as the server knows it before it runs: types by their numbers in pg_type. */
export interface Description {
  readonly parameters: readonly number[]
  readonly columns: readonly Column[]
}

export interface Column {
  readonly name: string
  readonly dataTypeID: number
}

/** Asks the server about a statement (Parse, Describe, Sync), without running it. */
export function describeStatement(client: pg.ClientBase, text: string): Promise<Description> {
  const described = Promise.withResolvers<Description>()
  let parameters: readonly number[] = []
  let columns: readonly Column[] = []
  let connection: pg.Connection | undefined
  const onParameters = ({ dataTypeIDs }: { readonly dataTypeIDs: readonly number[] }) => {
    parameters = dataTypeIDs
  }
  const end = () => connection?.off('parameterDescription', onParameters)
  // What pg asks of a query; of the rest of its messages none can come.
  const query = {
    submit: (to: pg.Connection) => {
      connection = to
      to.on('parameterDescription', onParameters)
      to.stream.cork()
      to.parse({ name: '', text, types: [] }, true)
      to.describe({ type: 'S', name: '' }, true)
      to.sync()
      to.stream.uncork()
    },
    handleRowDescription: ({ fields }: { readonly fields: readonly Column[] }) => {
      columns = fields
    },
    handleReadyForQuery: () => {
      end()
      described.resolve({ parameters, columns })
    },
    handleError: (fault: unknown) => {
      end()
      described.reject(fault)
    },
  }
  // Its types know of `submit` alone.
  client.query(query as pg.Submittable)
  return described.promise
}
