/** A value that cannot go into the database, or come out of it, as it is. The message says what to write instead. */
export class ValueFault extends TypeError {
  override readonly name = 'ValueFault'
}
