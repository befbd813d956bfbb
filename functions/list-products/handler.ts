import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import { listProducts } from '../../domain/product-list.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, ({ query }, { sql, fail }) => listProducts(query, { sql, fail }))
