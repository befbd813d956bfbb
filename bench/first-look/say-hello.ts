import { functionFiles } from '../../test/support/checkout.ts'

/** The function that is measured: what a contract, validation, identity, log line and deadline cost, and no database. */
export const sayHello = functionFiles('say-hello', 'return { pid: 1 }')
