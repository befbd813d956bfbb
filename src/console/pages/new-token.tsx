import { Code } from '../parts/code.tsx'

/** A token, which is shown once. */
export const NewToken = ({ token }: { readonly token: string }) => (
  <>
    <p>This is the only time that the token is shown. Hand it over, then close.</p>
    <Code text={token} label="Token" />
  </>
)
