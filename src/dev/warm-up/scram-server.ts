import { createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'

const ITERATIONS = 4_096

/** The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677). It proves that it knows the password, and believes everybody. */
export function scramServer(password: string) {
  const salt = randomBytes(16)
  let said = ''
  return {
    /** Answers `n,,n=…,r=<nonce>`. */
    first: (clientFirst: string): string => {
      const bare = clientFirst.replace(/^[^,]*,[^,]*,/, '')
      const [, nonce = ''] = /r=(.*)/.exec(bare) ?? []
      const answer = `r=${nonce}${randomBytes(18).toString('base64')},s=${salt.toString('base64')},i=${ITERATIONS}`
      said = `${bare},${answer}`
      return answer
    },
    /** Answers `c=…,r=<nonce>,p=<proof>`. */
    final: (clientFinal: string): string => {
      const key = hmac(pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256'), 'Server Key')
      return `v=${hmac(key, `${said},${clientFinal.replace(/,p=.*/, '')}`).toString('base64')}`
    },
  }
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
