import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

/** A mail server that refuses the mailbox `unknown@…`, and keeps the subjects of the messages that it has accepted. */
export async function startSmtpServer() {
  const subjects: string[] = []
  const sockets = new Set<Socket>()
  let busy = false
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    const say = (line: string) => void socket.write(`${line}\r\n`)
    let subject: string | undefined
    say(busy ? '421 come again' : '220 test')
    const lines = createInterface(socket).on('error', () => {})
    lines.on('line', (line) => {
      if (subject === undefined) {
        if (line === 'DATA') subject = ''
        if (line === 'QUIT') socket.end('221 bye\r\n')
        else if (line.startsWith('RCPT TO:<unknown@')) say('550 no such mailbox')
        else say(line === 'DATA' ? '354 go on' : '250 ok')
      } else if (line === '.') {
        subjects.push(subject)
        subject = undefined
        say('250 taken')
      } else if (line.startsWith('Subject: ')) subject = line.slice('Subject: '.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    /** Turns clients away for now, or no longer. */
    setBusy: (is: boolean) => {
      busy = is
    },
    subjects,
    // A server that listens on a port has this kind of address.
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
