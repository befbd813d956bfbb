-- A stored answer is for who brings the whole request that it was given to: nobody but the owner reads the table.
create function ebb.find_answer(caller text, route text, key text, fingerprint bytea)
returns table (outcome text, status integer, headers jsonb, body bytea)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query
  select case when same then 'finished' else 'mismatch' end, case when same then stored.status end,
         case when same then stored.headers end, case when same then stored.body end
  from ebb.idempotency as stored, lateral (select stored.fingerprint = $4 as same) as compared
  where stored.caller = $1 and stored.route = $2 and stored.key = $3;
end $$;

-- Takes the key for the rest of the transaction as well; no row where it is free and new. The lock is 64 bits of a hash: a
-- collision makes two strangers' requests wait for each other, and harms neither.
create function ebb.claim_key(caller text, route text, key text, fingerprint bytea)
returns table (outcome text, status integer, headers jsonb, body bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if pg_try_advisory_xact_lock(hashtextextended('[' || to_json($1) || ',' || to_json($2) || ',' || to_json($3) || ']', 0)) then
    -- A statement of its own, so that it sees what was committed before the lock was free.
    return query select * from ebb.find_answer($1, $2, $3, $4);
  else
    return query select 'in-flight', null::integer, null::jsonb, null::bytea;
  end if;
end $$;

revoke all on function ebb.find_answer, ebb.claim_key from public;
