import type pg from 'pg'

/** The parameters and columns of a statement, as the server describes it before it runs: types by OID. */
export interface Description {
  readonly parameters: readonly number[]
  readonly columns: readonly Column[]
}

/** One column of a result. */
export interface Column {
  readonly name: string
  readonly dataTypeID: number
}

/** Has the server describe a statement (Parse, Describe, Sync) without running it. */
export function describeStatement(client: pg.ClientBase, text: string): Promise<Description> {
  const described = Promise.withResolvers<Description>()
  let parameters: readonly number[] = []
  let columns: readonly Column[] = []
  let connection: pg.Connection | undefined
  const onParameters = ({ dataTypeIDs }: { readonly dataTypeIDs: readonly number[] }) => {
    parameters = dataTypeIDs
  }
  const end = () => connection?.off('parameterDescription', onParameters)
  // The methods that pg calls on a query; messages for its other methods cannot come.
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
    handleError: (error: unknown) => {
      end()
      described.reject(error)
    },
  }
  // pg's types declare `submit` alone.
  client.query(query as pg.Submittable)
  return described.promise
}
