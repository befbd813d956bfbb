const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** Whether a text can name a tenant: 1 to 63 letters, digits and . _ -, the first of them a letter or a digit. */
export const isTenant = (text: string): boolean => TENANT.test(text)
