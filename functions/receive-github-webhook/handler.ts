import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ data }, { emit, log }) => {
  switch (data.event) {
    case 'ping':
      return log.info({ hook: data.payload.hook_id }, data.payload.zen)
    case 'push': {
      const { repository, ref, pusher, commits } = data.payload
      const ids = commits.map(({ id }) => id)
      return emit('code.pushed', { repository: repository.full_name, ref, by: pusher.name, commits: ids })
    }
    case 'issues': {
      const { action, repository, issue } = data.payload
      if (action !== 'opened') return
      const { number, title, html_url: url } = issue
      return emit('issue.opened', { repository: repository.full_name, number, title, url })
    }
  }
})
