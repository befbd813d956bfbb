/** The scripts, as a client that has them offers them. */
export interface Scripted {
  look(value: string, lock: string, mine: string, heldMs: number, staleMs: number): Promise<[string | null, string?]>
  put(value: string, lock: string, holder: string, forMs: number, text: string): Promise<unknown>
  release(value: string, lock: string, holder: string): Promise<unknown>
  forget(value: string, lock: string, deleted: string, forMs: number): Promise<unknown>
}

/**
 * What Redis does in one step each. KEYS are a value and who holds it; both are of one key.
 *
 * look: mine, heldMs, staleMs -> [text] where that is fresh, else [text or nothing, holder]
 * put: holder, forMs, text · release: holder · forget: deleted, forMs
 */
export const SCRIPTS = {
  look: {
    numberOfKeys: 2,
    lua: `
local text = redis.call('GET', KEYS[1])
if text and redis.call('PTTL', KEYS[1]) > tonumber(ARGV[3]) then return { text } end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2], 'NX')
return { text, redis.call('GET', KEYS[2]) }`,
  },
  put: {
    numberOfKeys: 2,
    lua: `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
return redis.call('DEL', KEYS[2])`,
  },
  release: {
    numberOfKeys: 2,
    lua: `if redis.call('GET', KEYS[2]) == ARGV[1] then return redis.call('DEL', KEYS[2]) end`,
  },
  forget: {
    numberOfKeys: 2,
    lua: `
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])`,
  },
}
