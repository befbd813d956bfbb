import { createTransport } from 'nodemailer'

/** Up to the server's greeting. nodemailer itself would wait for 2 minutes. */
const CONNECT_MS = 10_000
/** For each answer. nodemailer itself would wait for 10 minutes, and no request does. */
const ANSWER_MS = 30_000

/** A transport to a mail server: one connection a message, which is given up where nobody answers. */
export const createSmtpTransport = (url: string, { connectMs = CONNECT_MS, answerMs = ANSWER_MS } = {}) =>
  createTransport({
    url,
    ...{ dnsTimeout: connectMs, connectionTimeout: connectMs, greetingTimeout: connectMs, socketTimeout: answerMs },
  })
